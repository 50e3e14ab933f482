import { ElementText, elementSize, highWord, isInteger, lowWord, PackedElement } from "./packed-element.ts";

/** The first byte of integers of several bytes, and of text, is at least this. */
const firstLongTag = 0x80;
const firstInvalidTag = 0xf5;
/** Longest text of a 64-bit integer. */
const maxIntegerText = 20;
/** Elements of up to this size end with one byte for their size. */
const maxShortBytes = 128;

const written = new PackedElement();
const text = new ElementText();

/**
 * Consecutive elements, bytes[start, end), of unknown origin. Once `check` has found that each is complete and in the
 * only form that packed-element.ts gives it, they can become part of a value without conversion.
 */
export class ElementRun {
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  /** The number of elements. */
  count = 0;
  /** No element's text is longer than this. Any integer counts as long as the longest one. */
  longest = 0;
  /** Whether at least one element is not an integer. */
  hasText = false;

  /** Whether the first element is an integer. There must be an element. */
  get beginsWithInteger(): boolean {
    return isInteger(this.bytes, this.start);
  }

  /**
   * Checks every element. False when one is broken or in another form; then the other fields of this object are
   * undefined.
   */
  check(bytes: Uint8Array, start: number, end: number): boolean {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.count = 0;
    this.longest = 0;
    this.hasText = false;
    let at = start;
    while (at < end) {
      const tag = bytes[at] as number;
      const size = tag >= firstInvalidTag ? Infinity : elementSize(bytes, at);
      // Written so that NaN is refused, too.
      if (!(at + size <= end) || !endsWithSize(bytes, at, size)) return false;
      if (isInteger(bytes, at)) {
        if (tag >= firstLongTag && written.setWords(highWord(bytes, at), lowWord(bytes, at)).size !== size)
          return false;
        this.longest = Math.max(this.longest, maxIntegerText);
      } else if (!this.#addText(bytes, at, size)) {
        return false;
      }
      at += size;
      this.count++;
    }
    return true;
  }

  #addText(bytes: Uint8Array, at: number, size: number): boolean {
    const { start, end, length } = text.read(bytes, at);
    this.hasText = true;
    this.longest = Math.max(this.longest, length);
    // Nearly all text is short and does not begin like a number: then it has no other form.
    if (length < 64 && start === at + 1 && (length === 0 || (bytes[start] as number) > 57)) return true;
    return written.setBytes(bytes, start, end).size === size && written.matches(bytes, at);
  }
}

/** Whether the element ends with its size, in as few bytes as possible. */
function endsWithSize(bytes: Uint8Array, at: number, size: number): boolean {
  if (size <= maxShortBytes) return bytes[at + size - 1] === size - 1;
  let counters = 2;
  for (let limit = 1 << 14; size - counters >= limit; limit *= 128) counters++;
  let rest = size - counters;
  for (let place = at + size - 1; counters > 0; counters--, place--) {
    if (bytes[place] !== ((rest & 127) | (counters > 1 ? 128 : 0))) return false;
    rest = Math.floor(rest / 128);
  }
  return true;
}
