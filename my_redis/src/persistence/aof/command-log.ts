import type { ArgumentReplacements } from "../../dispatch/argument-replacements.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { writeInteger } from "../../protocol/number-text.ts";
import type { LogTarget, LogWord, SuspendedUnit } from "../../dispatch/change-log.ts";
import { ByteBuffer } from "../../memory/byte-buffer.ts";

/** Who takes the bytes of the log: the append-only file, later replicas. */
export interface LogSink {
  /** One turn's worth of whole units. The bytes are valid only during the call. */
  write(bytes: Uint8Array): void;
}

const encoder = new TextEncoder();
const multi = encoder.encode("*1\r\n$5\r\nMULTI\r\n");
const exec = encoder.encode("*1\r\n$4\r\nEXEC\r\n");
const dollar = 36;
const initialBytes = 64 * 1024;

/**
 * The stream of commands that changed data, as RESP, in the order of execution. Commands gather in one buffer until
 * the end of the turn. What one command, transaction or script did is a unit: of more than one command, it is wrapped
 * in MULTI and EXEC, so that a reader applies all of it or nothing.
 */
export class CommandLog implements LogTarget {
  readonly #buffer = new ByteBuffer({ initialBytes, keptBytes: initialBytes * 16 });
  #database = -1;
  #unitStart = 0;
  #unitCommands = 0;
  /** The database of the unit's first command. */
  #unitDatabase = -1;
  #inUnit = false;
  readonly #sink: LogSink;

  constructor(sink: LogSink) {
    this.#sink = sink;
  }

  /** Bytes gathered and not yet given to the sink. */
  get pendingBytes(): number {
    return this.#buffer.length;
  }

  beginUnit(): void {
    this.#unitStart = this.#buffer.length;
    this.#unitCommands = 0;
    this.#inUnit = true;
  }

  endUnit(): void {
    this.#inUnit = false;
    if (this.#unitCommands < 2) return;
    const buffer = this.#buffer;
    const end = buffer.length;
    // The room for MULTI, before the unit moves there.
    buffer.raw(multi);
    buffer.bytes.copyWithin(this.#unitStart + multi.length, this.#unitStart, end);
    buffer.bytes.set(multi, this.#unitStart);
    buffer.raw(exec);
  }

  /** Takes the unit that was begun out again, while the script that it belongs to waits for its next turn. */
  suspendUnit(): SuspendedUnit {
    const bytes = this.#buffer.bytes.slice(this.#unitStart, this.#buffer.length);
    const unit = { bytes, commands: this.#unitCommands, first: this.#unitDatabase, last: this.#database };
    this.#buffer.length = this.#unitStart;
    this.#unitCommands = 0;
    this.#inUnit = false;
    if (unit.commands > 0) this.#database = unit.first;
    return unit;
  }

  /** Goes on with a unit, behind what was appended meanwhile. */
  resumeUnit({ bytes, commands, first, last }: SuspendedUnit): void {
    this.beginUnit();
    if (commands === 0) return;
    this.#begin(first);
    this.#buffer.raw(bytes);
    this.#unitCommands = commands;
    this.#database = last;
  }

  /** Appends a request as it came. */
  appendRequest(database: number, args: Arguments): void {
    this.#begin(database);
    if (isCanonical(args)) {
      this.#buffer.raw(args.buffer, args.requestStart, args.requestEnd);
      return;
    }
    this.#header(args.count);
    for (let index = 0; index < args.count; index++) this.#bulk(args.view(index));
  }

  /** Appends a request as it came but for some of its arguments. */
  appendReplacing(database: number, args: Arguments, replaced: ArgumentReplacements): void {
    this.#begin(database);
    if (!isCanonical(args)) {
      this.#header(args.count);
      let number = 0;
      for (let index = 0; index < args.count; index++) {
        if (number < replaced.count && replaced.index(number) === index) this.#bulkRange(replaced, number++);
        else this.#bulk(args.view(index));
      }
      return;
    }
    // The request's own bytes up to each replaced argument's header, which begins where the argument before has ended.
    let from = args.requestStart;
    for (let number = 0; number < replaced.count; number++) {
      const index = replaced.index(number);
      this.#buffer.raw(args.buffer, from, args.end(index - 1) + 2);
      this.#bulkRange(replaced, number);
      from = args.end(index) + 2;
    }
    this.#buffer.raw(args.buffer, from, args.requestEnd);
  }

  #bulkRange(replaced: ArgumentReplacements, number: number): void {
    const start = replaced.start(number);
    const end = replaced.end(number);
    const buffer = this.#buffer;
    buffer.ensure(24);
    buffer.bytes[buffer.length] = dollar;
    buffer.length = writeInteger(buffer.bytes, buffer.length + 1, end - start);
    this.#buffer.raw(multi, 2, 4);
    this.#buffer.raw(replaced.bytes, start, end);
    this.#buffer.raw(multi, 2, 4);
  }

  /** Appends a command from words; text of one character per byte is taken byte by byte. */
  append(database: number, words: readonly LogWord[]): void {
    this.#begin(database);
    this.#words(words);
  }

  #words(words: readonly LogWord[]): void {
    this.#header(words.length);
    for (const word of words) this.#bulk(typeof word === "object" ? word : Buffer.from(String(word), "latin1"));
  }

  /** Gives everything gathered to the sink. */
  flush(): void {
    if (this.#buffer.length === 0) return;
    this.#sink.write(this.#buffer.written);
    this.#buffer.clear();
  }

  /** The next command names its database anew: for a sink that starts a new file. */
  forgetDatabase(): void {
    this.#database = -1;
  }

  #begin(database: number): void {
    if (!this.#inUnit) this.beginUnit();
    if (database !== this.#database) {
      this.#database = database;
      this.#words(["SELECT", database]);
      // The SELECT stays before the MULTI that the unit may get.
      if (this.#unitCommands === 0) this.#unitStart = this.#buffer.length;
    }
    if (this.#unitCommands === 0) this.#unitDatabase = database;
    this.#unitCommands++;
  }

  #header(count: number): void {
    this.#buffer.raw(encoder.encode(`*${count}\r\n`));
  }

  #bulk(bytes: Uint8Array): void {
    this.#buffer.raw(encoder.encode(`$${bytes.length}\r\n`));
    this.#buffer.raw(bytes);
    this.#buffer.raw(multi, 2, 4);
  }
}

const carriageReturn = 13;
const lineFeed = 10;

/**
 * Whether the request's own bytes can stand in the log. A client's lines may end in any two bytes, since only the
 * lengths are read, as in redis-server; but who loads a log looks at every one.
 */
function isCanonical(args: Arguments): boolean {
  const { buffer, requestStart, requestEnd, count } = args;
  if (requestEnd <= requestStart) return false;
  let headerEnd = requestStart + 1;
  while (buffer[headerEnd] !== carriageReturn) headerEnd++;
  if (buffer[headerEnd + 1] !== lineFeed) return false;
  for (let index = 0; index < count; index++) {
    const start = args.start(index);
    const end = args.end(index);
    if (buffer[start - 1] !== lineFeed || buffer[end] !== carriageReturn || buffer[end + 1] !== lineFeed) return false;
  }
  return true;
}
