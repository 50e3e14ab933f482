import { copyBytes } from "../../memory/copy-bytes.ts";
import {
  fileWindow,
  kernelBytes,
  kernelMemory,
  kernelWords,
  knownCommandBytes,
  knownCommands,
  maxKnownCommands,
  maxRequestWords,
  requestState,
  resultWords,
  windowBytes,
  wordEnds,
  wordStarts,
} from "../../memory/kernels/kernel-memory.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { requestKernel } from "./open-request-kernel.ts";

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
/** With less than this in the window, more is read. */
const refilledBytes = 1 << 16;

/** A long word is read in pieces, whose checksum is calculated while a cache has them. */
const pieceBytes = 1 << 18;

const lineEndBytes = 2;
const carriageReturn = 13;
const lineFeed = 10;

export type LogEntry = "command" | "annotation" | "end" | "truncated" | "corrupt";

/** Reads up to `target.length` bytes after those of the last read; returns 0 at the end of the file. */
export type ReadBytes = (target: Uint8Array) => number;

/** A command whose requests `LogReader.nextKnown` finds. */
export interface KnownCommand {
  /** Capital letters, 16 at most. */
  readonly name: string;
  /** The number of words; at least that many, if it is negative. A key is the second of them. */
  readonly arity: number;
  /** What working copies do for it; 0 for nothing. */
  readonly operation: number;
}

/** Takes known requests that are next to each other in the memory of the kernels: see working-copies.ts. */
export interface RequestRunner {
  /** Runs requests from a place on. Gives the place of the first that is left to the caller, or of another entry. */
  run(from: number, end: number): number;
  /** The place after the request that is left to the caller; 0 if there is none. */
  readonly after: number;
}

const resultPlace = resultWords / 4;
/** No command is known. */
export const unknown = -1;
const starts = new Int32Array(kernelMemory.buffer, wordStarts, maxRequestWords);
const ends = new Int32Array(kernelMemory.buffer, wordEnds, maxRequestWords);

/**
 * Reads a command log from its beginning: RESP arrays of bulk strings, and annotation lines that start with "#" between
 * them. It keeps one window of the file in memory, as large as the largest entry.
 */
export class LogReader {
  /** Why the last entry is corrupt. */
  problem = "";
  /** The text of the last annotation, without "#". */
  annotation = "";
  /** The length of the word that `nextLong` has found. */
  longBytes = 0;
  /** Called before the bytes of earlier entries change. */
  onMove: (() => void) | undefined;
  readonly #read: ReadBytes;
  readonly #size: number;
  #buffer: Uint8Array;
  /** The window is #buffer[first, limit). Of that, what is before #end has been read. */
  #first = 0;
  #limit: number;
  #position = 0;
  #end = 0;
  /** What has to be added to a place in `#buffer` for an offset in the file. */
  #bufferOffset: number;
  #entryStart = 0;
  /** Bytes that the present entry has at least. */
  #leastBytes = 0;
  /** Memory for entries that do not fit into the first window. It stays, because large values often follow each other. */
  #larger = new Uint8Array(0);
  readonly #isShared: boolean;
  /** The last byte of the file has been read. */
  #isWhole = false;

  /**
   * `offset` is the position in the file of the first byte that `read` returns; `size` is the file's, if it is known.
   * `memory`: "shared" for the window in the memory of the kernels, where requests are found faster. Then nobody else may
   * use that window before the last entry has been read.
   */
  constructor(read: ReadBytes, offset = 0, size = Infinity, memory: "own" | "shared" = "own") {
    this.#read = read;
    this.#size = size;
    this.#isShared = memory === "shared";
    this.#bufferOffset = offset;
    // One more byte, so that the end of the file is found without a larger buffer.
    this.#buffer = new Uint8Array(this.#isShared ? 0 : Math.min(initialBytes, Math.max(1, size - offset + 1)));
    this.#limit = this.#buffer.length;
    if (this.#isShared) this.#moveTo(kernelBytes, fileWindow, fileWindow + windowBytes);
  }

  /** Continues in bytes[first, limit), with what is read of the present entry. */
  #moveTo(bytes: Uint8Array, first: number, limit: number): void {
    const moved = first - this.#entryStart;
    copyBytes(this.#buffer, this.#entryStart, this.#end, bytes, first);
    this.#buffer = bytes;
    this.#first = first;
    this.#limit = limit;
    this.#position += moved;
    this.#end += moved;
    this.#bufferOffset -= moved;
    this.#entryStart = first;
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
    this.#leastBytes = 0;
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
    if (this.#buffer === kernelBytes && this.#find(at, args)) return "command";
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
      if (end + 2 > this.#end) {
        this.#leastBytes = end + 2 - this.#entryStart;
        return "incomplete";
      }
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

  /** Finds the words of a request at once; false for what is rare, wrong or incomplete. */
  #find(at: number, args: Arguments): boolean {
    const after = requestKernel().read(at, this.#end, maxRequestWords, wordStarts, wordEnds, resultWords);
    if (after === 0) return false;
    this.#found(args, at, after);
    return true;
  }

  #found(args: Arguments, at: number, after: number): void {
    args.buffer = kernelBytes;
    args.starts = starts;
    args.ends = ends;
    args.count = kernelWords[resultPlace] as number;
    args.requestStart = at;
    args.requestEnd = after;
    this.#position = after;
  }

  /**
   * `nextKnown` finds requests of these commands from now on. `hashKeys`: those of the hash of keys. Nobody else may read a
   * log meanwhile.
   */
  know(commands: readonly KnownCommand[], hashKeys: readonly [number, number]): void {
    if (commands.length > maxKnownCommands)
      throw new Error(`${commands.length} commands, of at most ${maxKnownCommands}`);
    kernelBytes.fill(0, knownCommands, knownCommands + commands.length * knownCommandBytes);
    commands.forEach(({ name, arity, operation }, number) => {
      const at = knownCommands + number * knownCommandBytes;
      kernelBytes.set(Buffer.from(name, "latin1"), at);
      kernelWords.set([Math.abs(arity), arity < 0 ? maxRequestWords : arity, operation, name.length], at / 4 + 4);
    });
    const last = knownCommands + (commands.length - 1) * knownCommandBytes;
    const areas = [maxRequestWords, wordStarts, wordEnds, resultWords, knownCommands, last];
    kernelWords.set([...areas, ...hashKeys], requestState / 4);
  }

  /**
   * Reads the next entries as long as they are requests of known commands, and in the memory of the kernels as a whole. Gives
   * the number of the command that `runner` left to the caller, or `unknown`: then `next` reads the entry that follows.
   */
  nextKnown(args: Arguments, runner: RequestRunner): number {
    if (this.#buffer !== kernelBytes) return unknown;
    const at = runner.run(this.#position, this.#end);
    const { after } = runner;
    this.#position = at;
    if (after === 0) return unknown;
    this.#entryStart = at;
    this.#found(args, at, after);
    return kernelWords[resultPlace + 1] as number;
  }

  /** Whether something of the file is in the window that has not been read. */
  get hasBytes(): boolean {
    return this.#end > this.#position;
  }

  /**
   * Reads more of the file if little is left of the window, so that `nextKnown` can go on. False if it could not. The window
   * moves: see `onMove`.
   */
  refill(): boolean {
    if (this.#buffer !== kernelBytes || this.#isWhole || this.#end - this.#position > refilledBytes) return false;
    this.#entryStart = this.#position;
    return this.#fill();
  }

  /** The hash of the key of the request that `nextKnown` has left to the caller. */
  get keyHash(): number {
    return (kernelWords[resultPlace + 2] as number) | 0;
  }

  /**
   * Whether the next entry is a request of three words whose last one is long, and in the file but not in the window. Then `args`
   * has the other two, `longBytes` is the length of the last one, and `readLong` or `leaveLong` must follow.
   */
  nextLong(args: Arguments): boolean {
    if (this.#buffer !== kernelBytes || this.#size === Infinity) return false;
    this.#entryStart = this.#position;
    this.longBytes = this.#headOfLong(args);
    const isOutside = this.longBytes - (this.#end - this.#position) > refilledBytes;
    if (isOutside && this.offset + this.longBytes + lineEndBytes <= this.#size) return true;
    this.leaveLong();
    return false;
  }

  /** Leaves the request that `nextLong` has found to `next`. */
  leaveLong(): void {
    this.#position = this.#entryStart;
  }

  /** Reads two words and the length of a third one; gives that length, or -1 for anything else. */
  #headOfLong(args: Arguments): number {
    const at = this.#position;
    if (at >= this.#end || this.#buffer[at] !== 42 || this.#lengthLine(at, "words") !== 3) return -1;
    args.reset(this.#buffer);
    for (;;) {
      if (this.#position >= this.#end || this.#buffer[this.#position] !== 36) return -1;
      const length = this.#lengthLine(this.#position, "bytes");
      if (length < 0 || args.count === 2) return length;
      const end = this.#position + length;
      if (end + lineEndBytes > this.#end) return -1;
      if (this.#buffer[end] !== carriageReturn || this.#buffer[end + 1] !== lineFeed) return -1;
      args.push(this.#position, end);
      this.#position = end + lineEndBytes;
    }
  }

  /**
   * Reads the long word to its place, bytes[start, start + longBytes), and then the end of the entry. `add` gets the bytes of the
   * entry as they come. They stay as they are until it returns. False if the entry is corrupt.
   */
  readLong(bytes: Uint8Array, start: number, add: (bytes: Uint8Array, start: number, end: number) => void): boolean {
    const end = start + this.longBytes;
    add(this.#buffer, this.#entryStart, this.#position);
    let at = start + this.#end - this.#position;
    copyBytes(this.#buffer, this.#position, this.#end, bytes, start);
    add(bytes, start, at);
    for (let read = 1; read > 0 && at < end; at += read) {
      read = this.#read(bytes.subarray(at, Math.min(end, at + pieceBytes)));
      add(bytes, at, at + read);
    }
    // The window begins anew after the word. The start of the entry is where it would be, for its offset.
    this.onMove?.();
    const entryBytes = this.#position - this.#entryStart + at - start;
    this.#bufferOffset = this.entryOffset + entryBytes - this.#first;
    this.#entryStart = this.#first - entryBytes;
    this.#end = this.#position = this.#first;
    while (this.#end - this.#position < lineEndBytes && this.#readMore());
    const [first, second] = this.#buffer.subarray(this.#position, this.#end);
    if (first !== carriageReturn || second !== lineFeed) {
      this.problem = "a word that does not end where its length says";
      return false;
    }
    this.#position += lineEndBytes;
    add(this.#buffer, this.#first, this.#position);
    return true;
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

  /** Reads more bytes into the window; false at the end of the file. */
  #fill(): boolean {
    const kept = this.#end - this.#entryStart;
    const returns = this.#isShared && this.#buffer !== kernelBytes && kept < windowBytes / 2;
    if (this.#entryStart > this.#first || returns) {
      this.onMove?.();
      if (returns) this.#moveTo(kernelBytes, fileWindow, fileWindow + windowBytes);
      else this.#moveTo(this.#buffer, this.#first, this.#limit);
    }
    if (this.#end === this.#limit) this.#enlarge();
    return this.#readMore();
  }

  #readMore(): boolean {
    const read = this.#read(this.#buffer.subarray(this.#end, this.#limit));
    this.#end += read;
    this.#isWhole = read === 0;
    return read > 0;
  }

  /** Continues in a window of twice the size, or as large as the entry is known to be, if so much is left of the file. */
  #enlarge(): void {
    const leftBytes = this.#size - this.entryOffset;
    const knownBytes = leftBytes === Infinity ? 0 : Math.min(this.#leastBytes, leftBytes + 1);
    const bytes = Math.max((this.#limit - this.#first) * 2, knownBytes);
    if (this.#larger.length < bytes) this.#larger = new Uint8Array(bytes);
    this.#moveTo(this.#larger, 0, bytes);
  }
}
