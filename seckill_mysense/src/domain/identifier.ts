/** What the key columns hold. Four bytes a character and three columns stay far below InnoDB's limit for an index. */
export const maxIdentifierLength = 64;

const forbidden = /[\s{}]/u;
const control = /\p{Cc}/u;

/**
 * Whether a text can be an id in the ledger: 1 to 64 characters, no control characters, no blanks (MySQL compares texts
 * as if blanks at the end were not there), no braces (they have a meaning in the gate's keys), and proper Unicode (half
 * a surrogate pair becomes another character on its way to the database, and two ids would be one).
 */
export function isIdentifier(value: unknown): value is string {
  if (typeof value !== "string" || value.length === 0 || value.length > maxIdentifierLength) return false;
  return value.isWellFormed() && !forbidden.test(value) && !control.test(value);
}

/** Says what is wrong with an id, for an error message. */
export function describeBadIdentifier(what: string, value: unknown): string {
  const shown = JSON.stringify(value)?.slice(0, 100);
  return `${what} is ${shown}; an id is 1 to ${maxIdentifierLength} characters without blanks, braces and control characters`;
}
