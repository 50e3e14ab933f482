import { ElementText, elementSize, highWord, isInteger, lowWord, PackedElement } from "./packed-element.ts";

/** First byte of the integers of several bytes, and of text. */
const firstLongTag = 0x80;
const firstInvalidTag = 0xf5;
/** Longest text of a 64-bit integer. */
const maxIntegerText = 20;
/** Up to this size the bytes of an element are counted in one byte behind it. */
const maxShortBytes = 128;

const written = new PackedElement();
const text = new ElementText();

/**
 * Elements one after the other, bytes[start, end), of unknown origin until `check` has found each of them whole and in
 * the one form that packed-element.ts gives it: then they can become part of a value as they are.
 */
export class ElementRun {
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  /** Elements. */
  count = 0;
  /** No element's text has more bytes: any integer counts as the longest one. */
  longest = 0;
  /** Whether some element is no integer. */
  hasText = false;

  /** Whether the first of them, of which there must be one, is an integer. */
  get beginsWithInteger(): boolean {
    return isInteger(this.bytes, this.start);
  }

  /** Looks at every element; false when one is broken or in another form, and then nothing else here is of use. */
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
      // Written so that what is not a number is refused, too.
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
    // Nearly all text is neither as long as that nor a number: then there is no other form.
    if (length < 64 && start === at + 1 && (length === 0 || (bytes[start] as number) > 57)) return true;
    return written.setBytes(bytes, start, end).size === size && written.matches(bytes, at);
  }
}

/** Whether the bytes of the element are counted behind it, in as few bytes as possible. */
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
