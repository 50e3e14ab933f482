const lineFeed = 10;
const minus = 45;
const dollar = 36;
const zero = 48;
const carriageReturn = 13;

/** Finds the ends of replies that are a line or one bulk string: all that the load asks for. */
export class ReplyScanner {
  /** Error replies so far. */
  errors = 0;
  /** Bytes of a bulk string, with its line end, that are still to come. */
  #bulkLeft = 0;
  // The line that is being read: its first byte (0 at its beginning), and the number in it.
  #kind = 0;
  #length = 0;
  #isNil = false;

  /** The number of replies that end in bytes[0, end). */
  scan(bytes: Uint8Array, end: number): number {
    let replies = 0;
    for (let at = 0; at < end;) {
      if (this.#bulkLeft > 0) {
        const step = Math.min(this.#bulkLeft, end - at);
        at += step;
        this.#bulkLeft -= step;
        if (this.#bulkLeft === 0) replies++;
        continue;
      }
      const byte = bytes[at++] as number;
      if (byte === lineFeed) replies += this.#endLine();
      else if (this.#kind === 0) this.#kind = byte;
      else if (byte === minus) this.#isNil = true;
      else if (this.#kind === dollar && byte !== carriageReturn) this.#length = this.#length * 10 + byte - zero;
    }
    return replies;
  }

  /** The number of replies that end with the line. */
  #endLine(): number {
    const isBulk = this.#kind === dollar && !this.#isNil;
    if (this.#kind === minus) this.errors++;
    if (isBulk) this.#bulkLeft = this.#length + 2;
    this.#kind = 0;
    this.#length = 0;
    this.#isNil = false;
    return isBulk ? 0 : 1;
  }
}
