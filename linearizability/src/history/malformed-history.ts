/** A history that cannot be read: the message names the line (from 1 on), the thing, its value and what would be right. */
export class MalformedHistory extends Error {
  override readonly name = "MalformedHistory";
  readonly line: number;

  constructor(line: number, problem: string) {
    super(`line ${line}: ${problem}`);
    this.line = line;
  }
}

const maxShown = 60;

/** A value for a message, cut where it is long. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > maxShown ? `${text.slice(0, maxShown)}... (${text.length} characters)` : text;
}
