const lineFeed = 10;
const minus = 45;
const zero = 48;

/** The signs whose number says how many bytes follow its line, and how many replies. */
const bulkSigns = new Set(["$", "=", "!"].map((sign) => sign.charCodeAt(0)));
const attribute = 124;
/** Array, set, push, map and attribute. */
const repliesPerItem = new Map([
  [42, 1],
  [126, 1],
  [62, 1],
  [37, 2],
  [attribute, 2],
]);

/**
 * Where the reply that begins at `start` ends, in RESP2 or RESP3; -1 when bytes[start, end) do not hold all of it.
 * Nothing is decoded: this is for who passes replies on.
 */
export function replyEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  for (let left = 1; left > 0; left--) {
    if (at >= end) return -1;
    const sign = bytes[at] as number;
    let count = 0;
    const negative = bytes[at + 1] === minus;
    for (at++; at < end && bytes[at] !== lineFeed; at++) {
      const digit = (bytes[at] as number) - zero;
      if (digit >= 0 && digit <= 9) count = count * 10 + digit;
    }
    at++;
    if (at > end) return -1;
    if (negative) continue;
    if (bulkSigns.has(sign)) at += count + 2;
    else {
      const items = repliesPerItem.get(sign);
      // An attribute stands before the reply that it belongs to.
      if (items !== undefined) left += count * items + (sign === attribute ? 1 : 0);
    }
  }
  return at > end ? -1 : at;
}

/** How many whole replies bytes[start, end) are. */
export function countReplies(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; count++) {
    at = replyEnd(bytes, at, end);
    if (at < 0) throw new RangeError("a reply is cut off");
  }
  return count;
}
