import { copyBytes, withCapacity } from "../memory/copy-bytes.ts";
import { Arguments } from "./arguments.ts";
import { splitInlineCommand } from "./inline-command.ts";
import { restore, saved } from "./kept-arguments.ts";
import { lineInteger } from "./line-integer.ts";

/** Limits on what one client may send. Bytes and counts; Redis's defaults and names in `settings`. */
export interface RequestLimits {
  maxBulkBytes: number;
  maxQueryBufferBytes: number;
}

const maxInlineBytes = 64 * 1024;
/** The first two bytes of a client that speaks TLS. No command begins with them. */
const [tlsHandshake, tlsMajorVersion] = [22, 3];
const maxMultibulk = 2147483647;
// The limits of a client that has not authenticated, so that strangers cannot make the server hold much.
const maxUnauthenticatedMultibulk = 10;
const maxUnauthenticatedBulkBytes = 16384;

/** Requests of more arguments are read the careful way. */
const maxPlainCount = 4096;

/** Longer bulks are read the careful way. */
const maxPlainLength = 999_999_999;
const zero = 48;
const carriageReturn = 13;
const lineFeed = 10;
const space = 32;
const doubleQuote = 34;
const singleQuote = 39;
const star = 42;
const dollar = 36;

/**
 * Where a small rest of one chunk is joined with the next one, for all connections: nothing stays in it from one turn to
 * the next. One that finds it taken joins in a buffer of its own.
 */
const joint = { bytes: new Uint8Array(1 << 20), taken: false };
/** A longer rest is part of a long request, for which a growing buffer is kept. */
const maxJoinedRestBytes = 1 << 14;

export type ParseResult = "request" | "empty" | "incomplete" | "error";

/**
 * Cuts a byte stream into requests (RESP arrays of bulk strings, or inline commands).
 *
 *   parser.feed(chunk);
 *   while (parser.next(args) === "request") run(args);
 *   parser.keepRest(args);
 *
 * Whole requests are read in place from the chunk. A request that continues in a later chunk is kept, with how far it
 * was read, so that a large one is not read again from its start with each chunk.
 */
export class RequestParser {
  /** Set when `next` returned "error": the text of the protocol error. */
  error = "";
  /** Set together with `error`: the client speaks TLS. Without an error it would wait for an answer for ever. */
  isTls = false;
  /** An authenticated client may send more. */
  authenticated = true;
  readonly #limits: RequestLimits;

  #buffer: Uint8Array = new Uint8Array(0);
  #position = 0;
  #end = 0;
  #requestStart = 0;
  // The request being read: arguments still to come, and the length of the one that is next (-1: not known yet).
  #remaining = 0;
  #bulkLength = -1;
  /** Own memory for a request that is not complete; empty while requests are read from chunks in place. */
  #kept: Uint8Array | undefined;
  #keptArguments: Arguments | undefined;
  #inJoint = false;

  constructor(limits: RequestLimits) {
    this.#limits = limits;
  }

  /** Bytes held for a request that is not complete. */
  get keptBytes(): number {
    return this.#kept === undefined ? 0 : this.#end;
  }

  /** Bytes of the request that was read last, and of everything behind it; 0 once `keepRest` has nothing to keep. */
  get unfinishedBytes(): number {
    return Math.max(0, this.#end - this.#requestStart);
  }

  /** Bytes that are still to come of the argument that is being read; 0 where its length is not known yet. */
  get missingBytes(): number {
    if (this.#remaining === 0 || this.#bulkLength < 0) return 0;
    return Math.max(0, this.#position + this.#bulkLength + 2 - this.#end);
  }

  /** Puts whole requests before everything that is kept: they are read next. Not between `feed` and `keepRest`. */
  unread(requests: Uint8Array): void {
    this.#kept = Buffer.concat([requests, this.#kept?.subarray(0, this.#end) ?? emptyBuffer]);
    this.#buffer = this.#kept;
    this.#end = this.#kept.length;
    // What was read of an incomplete request is read again.
    [this.#position, this.#requestStart, this.#remaining, this.#bulkLength] = [0, 0, 0, -1];
    this.#keptArguments = undefined;
  }

  /** Takes in the next chunk, bytes[start, end). False when the limit of the query buffer is passed. */
  feed(chunk: Uint8Array, start = 0, end: number = chunk.length): boolean {
    const kept = this.#kept;
    if (kept === undefined) {
      this.#buffer = chunk;
      this.#position = start;
      this.#end = end;
      this.#requestStart = start;
      return true;
    }
    const length = this.#end + end - start;
    if (length > this.#limits.maxQueryBufferBytes) return false;
    if (length > kept.length && this.#end <= maxJoinedRestBytes && length <= joint.bytes.length && !joint.taken) {
      copyBytes(kept, 0, this.#end, joint.bytes, 0);
      copyBytes(chunk, start, end, joint.bytes, this.#end);
      joint.taken = true;
      this.#inJoint = true;
      this.#buffer = joint.bytes;
      this.#end = length;
      return true;
    }
    if (length > kept.length) {
      // A known bulk length tells how much is still to come; else double.
      const known = this.#bulkLength > 0 ? this.#position + this.#bulkLength + 2 : 0;
      const capacity = Math.max(known, length, Math.min(kept.length * 2, kept.length + (1 << 24)));
      this.#kept = withCapacity(capacity, kept, 0, this.#end);
      this.#buffer = this.#kept;
    }
    copyBytes(chunk, start, end, this.#buffer, this.#end);
    this.#end = length;
    return true;
  }

  /** Reads the next request into `args`. "empty" is a request without a command, to be passed over. */
  next(args: Arguments): ParseResult {
    if (this.#remaining === 0) {
      if (this.#position >= this.#end) return "incomplete";
      this.#requestStart = this.#position;
      if (this.#buffer[this.#position] !== star) return this.#inline(args);
      if (this.authenticated && this.#wholeRequest(args)) return "request";
      const result = this.#multibulkHeader();
      if (result !== "request") return result;
      args.reset(this.#buffer);
    } else if (this.#keptArguments !== undefined) {
      restore(args, this.#keptArguments, this.#buffer);
      this.#keptArguments = undefined;
    }
    return this.#bulks(args);
  }

  /** To be called when `next` said "incomplete": keeps what the chunk had of the unfinished request. */
  keepRest(args: Arguments): void {
    // `next` was not called since the last chunk: everything is kept already, or is to be.
    if (this.#keptArguments !== undefined) {
      if (this.#inJoint) this.#keepFrom(0);
      return;
    }
    const start = this.#remaining > 0 ? this.#requestStart : this.#position;
    if (start >= this.#end) {
      this.#leaveJoint();
      this.#kept = undefined;
      this.#buffer = emptyBuffer;
      this.#position = 0;
      this.#end = 0;
      return;
    }
    if (this.#kept === undefined || this.#inJoint || start > 0) {
      this.#keepFrom(start);
      for (let index = 0; index < args.count; index++) {
        args.starts[index] = args.start(index) - start;
        args.ends[index] = args.end(index) - start;
      }
    }
    if (this.#remaining > 0) this.#keptArguments = saved(args);
  }

  /** Copies what is left from `start` on into a buffer of the connection's own. */
  #keepFrom(start: number): void {
    const length = this.#end - start;
    const known = this.#bulkLength > 0 ? this.#position - start + this.#bulkLength + 2 : 0;
    const wanted = Math.max(length, Math.min(known, 1 << 20), 1024);
    // The buffer of the last time, unless it is far too large, is used again: a client whose chunks end within requests
    // leaves no garbage then.
    const isFit = this.#kept !== undefined && this.#kept.length >= wanted && this.#kept.length <= wanted * 4;
    const kept = isFit ? (this.#kept as Uint8Array) : new Uint8Array(wanted);
    copyBytes(this.#buffer, start, this.#end, kept, 0);
    this.#leaveJoint();
    this.#kept = kept;
    this.#buffer = kept;
    this.#position -= start;
    this.#end = length;
    this.#requestStart = 0;
  }

  #leaveJoint(): void {
    if (this.#inJoint) joint.taken = false;
    this.#inJoint = false;
  }

  /**
   * The usual case in one pass over local variables, at half the cost of the careful way: a whole request, with
   * lengths as clients write them. False for anything else; then nothing has been taken. Nothing beyond the end is
   * looked at: what such a read gives is no number, and once that has happened all of this would be compiled for it,
   * at several times the cost, for as long as the process lives. Calls in the loops went wrong in the same way.
   */
  #wholeRequest(args: Arguments): boolean {
    const buffer = this.#buffer;
    const end = this.#end;
    let at = this.#position + 1;
    const firstOfCount = at;
    let count = 0;
    while (at < end) {
      const digit = (buffer[at] as number) - zero;
      if (digit < 0 || digit > 9) break;
      count = count * 10 + digit;
      if (count > maxPlainCount) return false;
      at++;
    }
    // A count has no leading zero, and is not left out.
    if (at + 2 > end || count === 0 || buffer[firstOfCount] === zero || buffer[at] !== carriageReturn) return false;
    at += 2;
    args.reset(buffer);
    const { maxBulkBytes } = this.#limits;
    for (let remaining = count; remaining > 0; remaining--) {
      if (at >= end || buffer[at] !== dollar) return false;
      const first = ++at;
      let length = 0;
      while (at < end) {
        const digit = (buffer[at] as number) - zero;
        if (digit < 0 || digit > 9) break;
        length = length * 10 + digit;
        if (length > maxPlainLength) return false;
        at++;
      }
      const digits = at - first;
      if (at >= end || digits === 0 || (digits > 1 && buffer[first] === zero) || buffer[at] !== carriageReturn) {
        return false;
      }
      const start = at + 2;
      at = start + length + 2;
      if (at > end || length > maxBulkBytes) return false;
      args.push(start, start + length);
    }
    args.requestStart = this.#position;
    args.requestEnd = at;
    this.#position = at;
    return true;
  }

  #multibulkHeader(): ParseResult {
    const lineEnd = this.#lineEnd(this.#position + 1, "too big mbulk count string");
    if (lineEnd < 0) return lineEnd === -1 ? "incomplete" : "error";
    const count = lineInteger(this.#buffer, this.#position + 1, lineEnd);
    if (Number.isNaN(count) || count > maxMultibulk) return this.#fail("invalid multibulk length");
    if (count > maxUnauthenticatedMultibulk && !this.authenticated) {
      return this.#fail("unauthenticated multibulk length");
    }
    this.#position = lineEnd + 2;
    if (count <= 0) return "empty";
    this.#remaining = count;
    return "request";
  }

  #bulks(args: Arguments): ParseResult {
    const buffer = this.#buffer;
    while (this.#remaining > 0) {
      if (this.#bulkLength < 0) {
        const lineEnd = this.#lineEnd(this.#position, "too big bulk count string");
        if (lineEnd < 0) return lineEnd === -1 ? "incomplete" : "error";
        if (buffer[this.#position] !== dollar) {
          return this.#fail(`expected '$', got '${printable(buffer[this.#position] as number)}'`);
        }
        const length = lineInteger(buffer, this.#position + 1, lineEnd);
        if (Number.isNaN(length) || length < 0 || length > this.#limits.maxBulkBytes) {
          return this.#fail("invalid bulk length");
        }
        if (length > maxUnauthenticatedBulkBytes && !this.authenticated) {
          return this.#fail("unauthenticated bulk length");
        }
        this.#bulkLength = length;
        this.#position = lineEnd + 2;
      }
      const start = this.#position;
      const end = start + this.#bulkLength;
      if (end + 2 > this.#end) return "incomplete";
      args.push(start, end);
      this.#position = end + 2;
      this.#bulkLength = -1;
      this.#remaining--;
    }
    args.requestStart = this.#requestStart;
    args.requestEnd = this.#position;
    return "request";
  }

  /** Where the line ends (at its CR), -1 when it is not complete, -2 when it is too long. */
  #lineEnd(from: number, tooLong: string): number {
    const buffer = this.#buffer;
    // A length is a few digits: looking byte by byte beats a call.
    const limit = Math.min(this.#end, from + 32);
    for (let at = from; at < limit; at++) {
      if (buffer[at] === carriageReturn) return at + 1 < this.#end ? at : -1;
    }
    if (limit === this.#end && this.#end - from < 32) return -1;
    const found = buffer.indexOf(carriageReturn, from);
    if (found >= 0 && found < this.#end && found - from <= maxInlineBytes) return found + 1 < this.#end ? found : -1;
    if (this.#end - from <= maxInlineBytes) return -1;
    this.#fail(tooLong);
    return -2;
  }

  /**
   * The usual case of an inline request, in one pass: words of anything but quotes, with single blanks or more between
   * them, in a line that is there up to its end. False for anything else; then nothing has been taken.
   */
  #plainLine(args: Arguments): boolean {
    const buffer = this.#buffer;
    const end = this.#end;
    args.reset(buffer);
    let wordStart = -1;
    for (let at = this.#position; at < end; at++) {
      const byte = buffer[at] as number;
      if (byte > space && byte !== doubleQuote && byte !== singleQuote) {
        if (wordStart < 0) wordStart = at;
        continue;
      }
      if (wordStart >= 0) args.push(wordStart, at);
      wordStart = -1;
      if (byte === space) continue;
      const after = byte === carriageReturn ? at + 1 : at;
      if (after >= end || buffer[after] !== lineFeed || args.count === 0) return false;
      this.#position = after + 1;
      return true;
    }
    return false;
  }

  #inline(args: Arguments): ParseResult {
    const start = this.#position;
    if (this.#buffer[start] === tlsHandshake && this.#buffer[start + 1] === tlsMajorVersion && start + 1 < this.#end) {
      this.isTls = true;
      return this.#fail("the client speaks TLS, and this port is not encrypted");
    }
    if (this.#plainLine(args)) return "request";
    const found = this.#buffer.indexOf(lineFeed, start);
    // Redis looks for the end of the line as for that of a C string, and so never sees it behind a zero byte.
    if (found < 0 || found >= this.#end || this.#buffer.subarray(start, found).includes(0)) {
      return this.#end - start > maxInlineBytes ? this.#fail("too big inline request") : "incomplete";
    }
    const lineEnd = found > start && this.#buffer[found - 1] === carriageReturn ? found - 1 : found;
    this.#position = found + 1;
    const words = splitInlineCommand(this.#buffer.subarray(start, lineEnd));
    if (words === undefined) return this.#fail("unbalanced quotes in request");
    if (words.length === 0) return "empty";
    const parsed = Arguments.from(words);
    restore(args, parsed, parsed.buffer);
    args.requestStart = 0;
    args.requestEnd = 0;
    return "request";
  }

  #fail(message: string): "error" {
    this.error = `ERR Protocol error: ${message}`;
    return "error";
  }
}

const emptyBuffer = new Uint8Array(0);

function printable(byte: number): string {
  return String.fromCharCode(byte);
}
