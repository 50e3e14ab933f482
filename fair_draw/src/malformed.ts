/** A document that is not what the format says. The message names the thing, the value, and what would be right. */
export class MalformedDraw extends Error {
  override readonly name = "MalformedDraw";
}

const maxShown = 80;

/** What could move the cursor of a terminal, or turn the direction of a text. JSON escapes only the first 32 characters. */
const unprintable = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

export const hasUnprintable = (text: string): boolean => /\p{Cc}/u.test(text) || text.search(unprintable) >= 0;

/** A value in a message: short, in one line, and without control characters. */
export function shown(value: unknown): string {
  // A value inside may be nested deeper than JSON.stringify can go.
  const text = typeof value === "object" && value !== null ? nameOf(value) : (JSON.stringify(value) ?? String(value));
  const short = text.length > maxShown ? `${text.slice(0, maxShown)}...` : text;
  return short.replace(unprintable, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

const nameOf = (value: object): string => (Array.isArray(value) ? `a list of ${value.length}` : "an object");
