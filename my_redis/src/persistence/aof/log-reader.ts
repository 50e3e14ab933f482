import { withCapacity } from "../../memory/copy-bytes.ts";
import type { Arguments } from "../../protocol/arguments.ts";

/** The longest annotation line that redis-server reads. */
const maxAnnotationBytes = 128;
/** The longest "*3" or "$1000" line. */
const maxLengthLineBytes = 24;
/**
 * Every request that was accepted must be loadable, so this is no less than the limits of proto-max-bulk-len and of a
 * request's words.
 */
const maxWordBytes = 2 ** 32;
const maxWords = 2 ** 31 - 1;
const initialBytes = 1 << 20;

const carriageReturn = 13;
const lineFeed = 10;

export type LogEntry = "command" | "annotation" | "end" | "truncated" | "corrupt";

/** Reads up to `target.length` bytes after those of the last read; returns 0 at the end of the file. */
export type ReadBytes = (target: Uint8Array) => number;

/**
 * Reads a command log from its beginning: RESP arrays of bulk strings, and annotation lines that start with "#" between
 * them. It keeps one window of the file in memory, as large as the largest entry.
 */
export class LogReader {
  /** Why the last entry is corrupt. */
  problem = "";
  /** The text of the last annotation, without "#". */
  annotation = "";
  /** Called before the bytes of earlier entries change. */
  onMove: (() => void) | undefined;
  readonly #read: ReadBytes;
  #buffer: Uint8Array;
  #position = 0;
  #end = 0;
  /** Offset in the file at which `#buffer` starts. */
  #bufferOffset: number;
  #entryStart = 0;

  /**
   * `offset` is the position in the file of the first byte that `read` returns; `size` is the file's, if it is known.
   */
  constructor(read: ReadBytes, offset = 0, size = Infinity) {
    this.#read = read;
    this.#bufferOffset = offset;
    // One more byte, so that the end of the file is found without a larger buffer.
    this.#buffer = new Uint8Array(Math.min(initialBytes, Math.max(1, size - offset + 1)));
  }

  /** Offset in the file of the entry that `next` returned last. */
  get entryOffset(): number {
    return this.#bufferOffset + this.#entryStart;
  }

  /** Offset in the file after that entry. */
  get offset(): number {
    return this.#bufferOffset + this.#position;
  }

  /** The memory that contains the last entry as it is in the file, from `entryStart` to `entryEnd`. */
  get bytes(): Uint8Array {
    return this.#buffer;
  }

  get entryStart(): number {
    return this.#entryStart;
  }

  get entryEnd(): number {
    return this.#position;
  }

  /** Reads the next entry; the arguments of a command are valid until the next call. */
  next(args: Arguments): LogEntry {
    this.#entryStart = this.#position;
    for (;;) {
      const result = this.#parse(args);
      if (result !== "incomplete") return result;
      this.#position = this.#entryStart;
      if (!this.#fill()) return this.#end === this.#entryStart ? "end" : "truncated";
    }
  }

  #parse(args: Arguments): LogEntry | "incomplete" {
    const at = this.#position;
    if (at >= this.#end) return "incomplete";
    const first = this.#buffer[at];
    if (first === 35) return this.#parseAnnotation(at);
    if (first !== 42) return this.#corrupt(`expected '*' or '#', got byte ${first}`);
    const count = this.#lengthLine(at, "words");
    if (count < 0) return count === -1 ? "incomplete" : "corrupt";
    if (count === 0 || count > maxWords) return this.#corrupt(`a command of ${count} words (limit ${maxWords})`);
    args.reset(this.#buffer);
    for (let word = 0; word < count; word++) {
      if (this.#position >= this.#end) return "incomplete";
      if (this.#buffer[this.#position] !== 36) {
        return this.#corrupt(`expected '$', got byte ${this.#buffer[this.#position]}`);
      }
      const length = this.#lengthLine(this.#position, "bytes");
      if (length < 0) return length === -1 ? "incomplete" : "corrupt";
      if (length > maxWordBytes) return this.#corrupt(`a word of ${length} bytes (limit ${maxWordBytes})`);
      const start = this.#position;
      const end = start + length;
      if (end + 2 > this.#end) return "incomplete";
      if (this.#buffer[end] !== carriageReturn || this.#buffer[end + 1] !== lineFeed) {
        return this.#corrupt("a word that does not end where its length says");
      }
      args.push(start, end);
      this.#position = end + 2;
    }
    args.requestStart = at;
    args.requestEnd = this.#position;
    return "command";
  }

  #parseAnnotation(at: number): LogEntry | "incomplete" {
    const limit = Math.min(this.#end, at + maxAnnotationBytes);
    for (let end = at; end < limit; end++) {
      if (this.#buffer[end] !== lineFeed) continue;
      this.annotation = Buffer.from(this.#buffer.subarray(at + 1, end))
        .toString("latin1")
        .trimEnd();
      this.#position = end + 1;
      return "annotation";
    }
    if (limit === at + maxAnnotationBytes) return this.#corrupt(`an annotation of over ${maxAnnotationBytes} bytes`);
    return "incomplete";
  }

  /** Reads "*<n>" or "$<n>": returns the number, -1 when the line is incomplete, -2 when it is corrupt. */
  #lengthLine(at: number, unit: string): number {
    let value = 0;
    for (let place = at + 1; place < at + maxLengthLineBytes; place++) {
      if (place + 1 >= this.#end) return -1;
      const byte = this.#buffer[place] as number;
      if (byte === carriageReturn && place > at + 1 && this.#buffer[place + 1] === lineFeed) {
        this.#position = place + 2;
        return value;
      }
      if (byte < 48 || byte > 57) break;
      value = value * 10 + (byte - 48);
    }
    this.#corrupt(`an invalid number of ${unit}`);
    return -2;
  }

  #corrupt(problem: string): "corrupt" {
    this.problem = problem;
    return "corrupt";
  }

  /** Reads more bytes into the buffer; false at the end of the file. */
  #fill(): boolean {
    const kept = this.#end - this.#entryStart;
    if (this.#entryStart > 0) {
      this.onMove?.();
      this.#buffer.copyWithin(0, this.#entryStart, this.#end);
      this.#bufferOffset += this.#entryStart;
      this.#position -= this.#entryStart;
      this.#entryStart = 0;
      this.#end = kept;
    }
    const { length } = this.#buffer;
    if (this.#end === length) this.#buffer = withCapacity(length * 2, this.#buffer, 0, length);
    const read = this.#read(this.#buffer.subarray(this.#end));
    this.#end += read;
    return read > 0;
  }
}
