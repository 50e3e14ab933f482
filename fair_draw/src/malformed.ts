/** A document that is not what the format says. The message names the thing, the value, and what would be right. */
export class MalformedDraw extends Error {
  override readonly name = "MalformedDraw";
}

const maxShown = 80;

/** A value in a message: short, in one line, and without control characters. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > maxShown ? `${text.slice(0, maxShown)}...` : text;
}
