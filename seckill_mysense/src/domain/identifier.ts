/** The width of the ledger's key columns: an index over three of them stays below InnoDB's limit. */
export const maxIdentifierLength = 64;

const forbidden = /[\s{}]|\p{Cc}/u;

/**
 * Whether a text can be the id of a sale, product, user, reservation or relay. Every part of the sale keeps to this one
 * rule: 1 to 64 characters, and none of
 * - white space: it separates the reservations in the gate's hash of holders, and MySQL compares texts as if blanks at
 *   the end were not there;
 * - braces: they mark the hash slot in the gate's keys;
 * - control characters;
 * - half a surrogate pair: it becomes another character on its way to the database, and two ids would be one.
 */
export function isIdentifier(value: unknown): value is string {
  if (typeof value !== "string" || value.length === 0 || value.length > maxIdentifierLength) return false;
  return value.isWellFormed() && !forbidden.test(value);
}

/** Says what is wrong with an id, for an error message. */
export function describeBadIdentifier(what: string, value: unknown): string {
  const shown = JSON.stringify(value)?.slice(0, 100);
  return `${what} is ${shown}; an id is 1 to ${maxIdentifierLength} characters without blanks, braces and control characters`;
}
