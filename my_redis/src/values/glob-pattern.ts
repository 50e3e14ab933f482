const star = 42;
const question = 63;
const open = 91;
const close = 93;
const backslash = 92;
const caret = 94;
const dash = 45;

/** As in Redis, whose search goes one level deeper with each star: a text that needs more levels does not match. */
const maxStars = 1000;

// The result of `matchElement`. It is in variables, because the match runs once per key and must not allocate.
let elementMatches = false;
let elementEnd = 0;

/**
 * Whether text[start, end) matches a glob pattern as KEYS, SCAN and PSUBSCRIBE understand it: `*`, `?`, classes with
 * ranges and `^`, and `\` before a character that is meant literally. A class without an end stops at the end of the
 * pattern. Only the last star is ever tried again, so the time is at most proportional to the product of both lengths.
 */
export function globMatches(
  pattern: Uint8Array,
  text: Uint8Array,
  start: number,
  end: number,
  ignoreCase = false,
): boolean {
  // In Redis, only the empty pattern matches the empty text: not even a star does.
  if (start === end) return pattern.length === 0;
  let at = start;
  let place = 0;
  let afterStar = -1;
  let starAt = 0;
  let stars = 0;
  for (;;) {
    if (place < pattern.length && pattern[place] === star) {
      while (pattern[place] === star) place++;
      if (place === pattern.length) return true;
      if (++stars > maxStars) return false;
      afterStar = place;
      starAt = at;
    }
    if (at === end) return place === pattern.length;
    if (place < pattern.length) {
      matchElement(pattern, place, text[at] as number, ignoreCase);
      if (elementMatches) {
        place = elementEnd;
        at++;
        continue;
      }
    }
    if (afterStar < 0) return false;
    starAt++;
    place = afterStar;
    at = starAt;
  }
}

/** Whether one element of the pattern (not a star) matches a byte, and where the element ends. */
function matchElement(pattern: Uint8Array, place: number, byte: number, ignoreCase: boolean): void {
  const first = pattern[place] as number;
  if (first === question) {
    elementMatches = true;
    elementEnd = place + 1;
  } else if (first === open) {
    matchClass(pattern, place + 1, byte, ignoreCase);
  } else {
    const literal = first === backslash && place + 1 < pattern.length ? place + 1 : place;
    elementMatches = sameByte(pattern[literal] as number, byte, ignoreCase);
    elementEnd = literal + 1;
  }
}

function matchClass(pattern: Uint8Array, from: number, byte: number, ignoreCase: boolean): void {
  const negated = pattern[from] === caret;
  let place = negated ? from + 1 : from;
  let found = false;
  for (; place < pattern.length && pattern[place] !== close; place++) {
    if (pattern[place] === backslash && place + 1 < pattern.length) {
      place++;
      found ||= pattern[place] === byte;
    } else if (pattern[place + 1] === dash && place + 2 < pattern.length) {
      found ||= inRange(pattern[place] as number, pattern[place + 2] as number, byte, ignoreCase);
      place += 2;
    } else {
      found ||= sameByte(pattern[place] as number, byte, ignoreCase);
    }
  }
  elementMatches = found !== negated;
  elementEnd = Math.min(place + 1, pattern.length);
}

function inRange(one: number, other: number, byte: number, ignoreCase: boolean): boolean {
  // As in Redis, the ends are exchanged first and made lower case afterwards: [Z-a] and [a-Z] differ only when case is ignored.
  const low = Math.min(one, other);
  const high = Math.max(one, other);
  if (!ignoreCase) return byte >= low && byte <= high;
  return lower(byte) >= lower(low) && lower(byte) <= lower(high);
}

function sameByte(one: number, other: number, ignoreCase: boolean): boolean {
  return ignoreCase ? lower(one) === lower(other) : one === other;
}

const lower = (byte: number): number => (byte >= 65 && byte <= 90 ? byte + 32 : byte);
