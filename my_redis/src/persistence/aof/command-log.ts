import type { ArgumentReplacements } from "../../dispatch/argument-replacements.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { writeArrayHeader, writeBulk, writeBulkText } from "../../protocol/write-bulk.ts";
import type { LogTarget, LogWord, SuspendedUnit } from "../../dispatch/log-target.ts";
import { ByteBuffer } from "../../memory/byte-buffer.ts";

/** Takes the bytes of the log: the append-only file. */
export interface LogSink {
  /** Takes the whole units of one turn. The bytes are valid only during the call. */
  write(bytes: Uint8Array): void;
}

const encoder = new TextEncoder();
const multi = encoder.encode("*1\r\n$5\r\nMULTI\r\n");
const exec = encoder.encode("*1\r\n$4\r\nEXEC\r\n");
const initialBytes = 64 * 1024;

/**
 * The stream of commands that changed data, as RESP, in the order of execution. Commands gather in one buffer until the
 * end of the turn. The changes of one command, transaction or script are a unit. A unit of more than one command is
 * wrapped in MULTI and EXEC, so that a reader applies all of it or nothing.
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

  readonly #closing: () => string;

  /** `closing` gives an annotation that follows what is passed to the sink at a time; empty for none. */
  constructor(sink: LogSink, closing: () => string = () => "") {
    this.#sink = sink;
    this.#closing = closing;
  }

  /** Bytes that were gathered and not yet passed to the sink. */
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
    // Makes room for MULTI; then the unit moves behind it.
    buffer.raw(multi);
    buffer.bytes.copyWithin(this.#unitStart + multi.length, this.#unitStart, end);
    buffer.bytes.set(multi, this.#unitStart);
    buffer.raw(exec);
  }

  /** Removes the open unit from the buffer, while the script that it belongs to waits for its next turn. */
  suspendUnit(): SuspendedUnit {
    const bytes = this.#buffer.bytes.slice(this.#unitStart, this.#buffer.length);
    const unit = { bytes, commands: this.#unitCommands, first: this.#unitDatabase, last: this.#database };
    this.#buffer.length = this.#unitStart;
    this.#unitCommands = 0;
    this.#inUnit = false;
    if (unit.commands > 0) this.#database = unit.first;
    return unit;
  }

  /** Continues a unit, after everything that was appended meanwhile. */
  resumeUnit({ bytes, commands, first, last }: SuspendedUnit): void {
    this.beginUnit();
    if (commands === 0) return;
    this.#begin(first);
    this.#buffer.raw(bytes);
    this.#unitCommands = commands;
    this.#database = last;
  }

  /** Appends a request unchanged. */
  appendRequest(database: number, args: Arguments): void {
    this.#begin(database);
    if (isCanonical(args)) {
      this.#buffer.raw(args.buffer, args.requestStart, args.requestEnd);
      return;
    }
    writeArrayHeader(this.#buffer, args.count);
    for (let index = 0; index < args.count; index++) writeBulk(this.#buffer, args.view(index));
  }

  /** Appends a request with some of its arguments replaced. */
  appendReplacing(database: number, args: Arguments, replaced: ArgumentReplacements): void {
    this.#begin(database);
    if (!isCanonical(args)) {
      writeArrayHeader(this.#buffer, args.count);
      let number = 0;
      for (let index = 0; index < args.count; index++) {
        if (number < replaced.count && replaced.index(number) === index) this.#bulkRange(replaced, number++);
        else writeBulk(this.#buffer, args.view(index));
      }
      return;
    }
    // The request's own bytes up to the header of each replaced argument. The header begins where the previous argument
    // ends.
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
    writeBulk(this.#buffer, replaced.bytes, replaced.start(number), replaced.end(number));
  }

  /** Appends a command from words. Text has one character per byte. */
  append(database: number, words: readonly LogWord[]): void {
    this.#begin(database);
    this.#words(words);
  }

  /** Appends a command whose `count` further words are bulk strings already. */
  appendBulks(database: number, name: string, count: number, bulks: Uint8Array): void {
    this.#begin(database);
    writeArrayHeader(this.#buffer, count + 1);
    writeBulkText(this.#buffer, name);
    this.#buffer.raw(bulks);
  }

  #words(words: readonly LogWord[]): void {
    writeArrayHeader(this.#buffer, words.length);
    for (const word of words) {
      if (typeof word === "object") writeBulk(this.#buffer, word);
      else writeBulkText(this.#buffer, String(word));
    }
  }

  /** Passes everything gathered to the sink. */
  flush(): void {
    if (this.#buffer.length === 0) return;
    const closing = this.#closing();
    if (closing !== "") this.#buffer.raw(encoder.encode(closing));
    this.#sink.write(this.#buffer.written);
    this.#buffer.clear();
  }

  /** Makes the next command select its database again, for a sink that starts a new file. */
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
}

const carriageReturn = 13;
const lineFeed = 10;

/**
 * Whether the request's own bytes can be used in the log. A client may end its lines with any two bytes, because the
 * parser reads only the lengths, as redis-server does. A log reader, however, checks every line end.
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
