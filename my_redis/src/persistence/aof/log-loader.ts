import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { createString } from "../../collections/string-value.ts";
import { operation, WorkingCopies } from "../../collections/working-copies.ts";
import type { Command, Context, Services } from "../../dispatch/context.ts";
import type { StreamPosition } from "../../dispatch/ports.ts";
import { Refusal } from "../../dispatch/outcome.ts";
import { maxValueBytes } from "../../memory/record.ts";
import { Arguments } from "../../protocol/arguments.ts";
import { ReplyWriter } from "../../protocol/reply-writer.ts";
import { type ChecksumState, ChecksumVerifier } from "./log-checksum.ts";
import type { LogExtension } from "./log-extension.ts";
import { type KnownCommand, LogReader, type ReadBytes, unknown } from "./log-reader.ts";
import { requestKernel } from "./open-request-kernel.ts";
import { LogLoadError } from "./log-load-error.ts";
import { parsePositionMark } from "./position-mark.ts";
import { rdbMagic } from "../rdb/rdb-opcodes.ts";
import { loadRdb } from "../rdb/rdb-loader.ts";
import { rdbTargetOf } from "../snapshot/rdb-target.ts";

const minus = 45;
/** Limit on the failed commands of one file that are reported. */
const maxReportedErrors = 10;

/** A file that stops in the middle of a command, of a transaction or of an annotation. */
export interface IncompleteEnd {
  /** Offset of the entry that is incomplete; the end of the file when only the end of a transaction is missing. */
  readonly entryOffset: number;
  /** Offset of the first byte that no checksum has covered. */
  readonly uncoveredOffset: number;
  /** The annotation for the bytes from there to `entryOffset`. */
  readonly closing: string | undefined;
  readonly hasChecksums: boolean;
}

export interface LoadResult {
  readonly commands: number;
  /** Keys in the snapshot at the beginning of the file. */
  readonly keys: number;
  /** Where the last whole unit ends. It is less than the file's length when the tail is incomplete. */
  readonly goodBytes: number;
  /** Undefined for a file that is complete. */
  readonly incomplete: IncompleteEnd | undefined;
  /** The annotation for the uncovered bytes at the end. */
  readonly closingChecksum: string | undefined;
  /** Where replication stood at its orderly end. */
  readonly position: StreamPosition | undefined;
  /** The sum of the file's checksums, by `addToSum`. */
  readonly sum: number;
}

/** What an annotation at the beginning of a file says, without "#" and line end, and the file's path. May throw. */
export interface OpeningCheck {
  check(annotation: string, path: string): void;
}

/**
 * Runs every command of a log file on an empty server. Throws LogLoadError with the offset of the error, and what
 * `opening` throws.
 */
export function loadLog(
  server: Services,
  extension: LogExtension,
  path: string,
  opening: OpeningCheck = { check() {} },
): LoadResult {
  const descriptor = openSync(path, "r");
  try {
    const start = beginsWithSnapshot(descriptor) ? loadSnapshot(server, path) : noSnapshot;
    let position = start.endOffset;
    const { size } = fstatSync(descriptor);
    const read: ReadBytes = (target) => {
      const read = readSync(descriptor, target, 0, target.length, position);
      position += read;
      return read;
    };
    const reader = new LogReader(read, position, size, "shared");
    const loader = new LogLoader({ server, extension, path, reader, opening });
    const loaded = server.keyspace.heap.fill(() => loader.load());
    return { ...loaded, keys: start.keys };
  } finally {
    closeSync(descriptor);
  }
}

/** Whether the requests of a command concern the key of argument 1 alone. DEL is known for one key. */
const hasOneKey = ({ flagSet, isWrite, keyRange, loadOperation, name, subcommands }: Command): boolean =>
  subcommands === undefined &&
  // SORT and ZUNIONSTORE have more keys, which their options name.
  !flagSet.has("movablekeys") &&
  /^[A-Z]{1,16}$/.test(name) &&
  ((isWrite && keyRange?.first === 1 && keyRange.last === 1) || loadOperation === "del");

const knownCommand = ({ arity, loadOperation, name }: Command): KnownCommand => ({
  name,
  arity: loadOperation === "del" ? 2 : arity,
  operation: loadOperation === undefined ? 0 : operation[loadOperation],
});

/** Whether nothing but the data depends on a change, and an access sets the clock of a record to the time. */
const isUnobserved = ({ changes, keyspace, observerList }: Services): boolean =>
  !changes.isOn &&
  !keyspace.observed &&
  keyspace.onCreated === undefined &&
  keyspace.snapshot === undefined &&
  keyspace.accessClock.setsSecond &&
  observerList.count === 0;

const noSnapshot = { endOffset: 0, keys: 0 };

function beginsWithSnapshot(descriptor: number): boolean {
  const beginning = Buffer.alloc(rdbMagic.length);
  const size = readSync(descriptor, beginning, 0, beginning.length, 0);
  return beginning.toString("latin1", 0, size) === rdbMagic;
}

/** Redis begins a rewritten log with a snapshot; commands may follow it in the same file. */
const loadSnapshot = (server: Services, path: string): { endOffset: number; keys: number } =>
  loadRdb(rdbTargetOf(server), path, { beforeLog: true, existing: "refuse" });

interface LogLoaderOptions {
  readonly server: Services;
  readonly extension: LogExtension;
  readonly path: string;
  readonly reader: LogReader;
  readonly opening: OpeningCheck;
}

class LogLoader {
  readonly #server: Services;
  readonly #extension: LogExtension;
  readonly #path: string;
  readonly #reader: LogReader;
  readonly #opening: OpeningCheck;
  readonly #context: Context;
  /** Commands whose requests `#loadKnown` takes; none if something has to see each change. */
  readonly #known: readonly Command[];
  /** Of the selected database, from its first request on. */
  #copies: WorkingCopies | undefined;
  readonly #args = new Arguments();
  readonly #reply = new ReplyWriter();
  readonly #checksum = new ChecksumVerifier();
  /**
   * The commands of a MULTI whose EXEC has not been read yet. They are applied together, or not at all when the tail is
   * cut off.
   */
  #unit: Arguments[] | undefined;
  #unitOffset = 0;
  #unitChecksum: ChecksumState = { value: 0, length: 0 };
  /** Where the last checksum ended. */
  #coveredOffset: number;
  #commands = 0;
  #errors = 0;
  /** What the last entry says, apart from its checksum. */
  #position: StreamPosition | undefined;

  constructor({ server, extension, path, reader, opening }: LogLoaderOptions) {
    this.#server = server;
    this.#extension = extension;
    this.#path = path;
    this.#reader = reader;
    this.#opening = opening;
    reader.onMove = () => this.#checksum.settle();
    this.#coveredOffset = reader.offset;
    this.#context = server.clients.addPseudo("loader");
    this.#known = isUnobserved(server) ? [...server.commands.all()].filter(hasOneKey) : [];
    if (this.#known.length > 0) reader.know(this.#known.map(knownCommand), server.keyspace.environment.hashKeys);
  }

  load(): Omit<LoadResult, "keys"> {
    for (;;) {
      if (this.#unit === undefined && this.#known.length > 0) {
        do this.#loadKnown();
        while (this.#loadLong() || this.#reader.refill());
      }
      const entry = this.#reader.next(this.#args);
      // Another command may need any key.
      if (entry === "command") this.#copies?.giveBack();
      if (entry === "corrupt") this.#refuse(this.#reader.problem);
      if (entry === "command") this.#take();
      else if (entry === "annotation") this.#annotation();
      else {
        this.#copies?.close();
        return this.#result(entry === "truncated");
      }
    }
  }

  /** Runs requests of known commands until another entry comes. What happens once for each is all here. */
  #loadKnown(): void {
    const reader = this.#reader;
    const args = this.#args;
    const reply = this.#reply;
    const context = this.#context;
    const { processor } = this.#server;
    if (!reader.hasBytes) return;
    const { database } = context;
    if (this.#copies?.database !== database) this.#copies = new WorkingCopies(database, requestKernel());
    const copies = this.#copies;
    const start = reader.entryEnd;
    for (;;) {
      const number = reader.nextKnown(args, copies);
      if (number === unknown) break;
      processor.load(context, this.#known[number] as Command, args, reply, reader.keyHash);
      if (reply.length > 0) this.#answered(args);
      this.#commands++;
    }
    this.#commands += copies.requests;
    copies.requests = 0;
    if (reader.entryEnd === start) return;
    this.#checksum.add(reader.bytes, start, reader.entryEnd);
    this.#position = undefined;
  }

  /** Reads a SET whose value goes beyond the window, from the file to its record. False if there is none. */
  #loadLong(): boolean {
    const reader = this.#reader;
    const args = this.#args;
    if (!reader.nextLong(args)) return false;
    if (!args.is(0, "set")) {
      reader.leaveLong();
      return false;
    }
    if (reader.longBytes > maxValueBytes) {
      this.#refuse(`a value of ${reader.longBytes} bytes, more than the ${maxValueBytes} that a value can have`);
    }
    this.#copies?.giveBack();
    const { database } = this.#context;
    database.delete(args, 1);
    const key = { bytes: args.buffer, start: args.start(1), end: args.end(1) };
    const { bytes, start } = createString(database, key, reader.longBytes);
    const isRight = reader.readLong(bytes, start, (part, from, to) => {
      this.#checksum.add(part, from, to);
      this.#checksum.settle();
    });
    if (!isRight) this.#refuse(reader.problem);
    this.#server.keyspace.dirty++;
    this.#commands++;
    this.#position = undefined;
    return true;
  }

  #result(truncatedEntry: boolean): Omit<LoadResult, "keys"> {
    const inUnit = this.#unit !== undefined;
    const incomplete = truncatedEntry || inUnit ? this.#incompleteEnd() : undefined;
    if (inUnit) this.#checksum.restore(this.#unitChecksum);
    return {
      commands: this.#commands,
      goodBytes: inUnit ? this.#unitOffset : this.#reader.entryOffset,
      incomplete,
      closingChecksum: this.#checksum.closing,
      sum: this.#checksum.sum,
      position: incomplete === undefined ? this.#position : undefined,
    };
  }

  #incompleteEnd(): IncompleteEnd {
    const { closing, hasChecksums } = this.#checksum;
    return { entryOffset: this.#reader.entryOffset, uncoveredOffset: this.#coveredOffset, closing, hasChecksums };
  }

  #annotation(): void {
    if (this.#reader.entryOffset === 0) this.#opening.check(this.#reader.annotation, this.#path);
    const verdict = this.#checksum.check(this.#reader.annotation);
    if (verdict === "right") this.#coveredOffset = this.#reader.offset;
    if (verdict === "other") {
      this.#addToChecksum();
      this.#position = parsePositionMark(this.#reader.annotation);
      this.#extension.annotated?.(this.#reader.annotation);
    }
    if (verdict === "wrong") this.#refuse(`the data before it does not fit its checksum '${this.#reader.annotation}'`);
  }

  #addToChecksum(): void {
    const { bytes, entryStart, entryEnd } = this.#reader;
    this.#checksum.add(bytes, entryStart, entryEnd);
  }

  #take(): void {
    const args = this.#args;
    this.#position = undefined;
    const beginsUnit = args.count === 1 && args.is(0, "multi");
    if (beginsUnit && this.#unit === undefined) this.#unitChecksum = this.#checksum.state;
    this.#addToChecksum();
    if (beginsUnit) {
      if (this.#unit !== undefined) this.#refuse("MULTI inside MULTI");
      this.#unit = [];
      this.#unitOffset = this.#reader.entryOffset;
    } else if (args.count === 1 && args.is(0, "exec")) {
      if (this.#unit === undefined) this.#refuse("EXEC without MULTI");
      for (const queued of this.#unit ?? []) this.#run(queued);
      this.#unit = undefined;
    } else if (this.#unit !== undefined) {
      // Without this, a damaged EXEC would take all that follows into the transaction.
      if (this.#server.processor.resolve(args) instanceof Refusal)
        this.#refuse(`an unknown command '${args.latin1(0).slice(0, 128)}'`);
      this.#unit.push(args.copy());
    } else {
      this.#run(args);
    }
  }

  #run(args: Arguments): void {
    const command = this.#server.processor.resolve(args);
    this.#showExtension(args);
    if (command instanceof Refusal) this.#refuse(command.message);
    else this.#server.processor.load(this.#context, command, args, this.#reply);
    this.#answered(args);
    this.#commands++;
  }

  #answered(args: Arguments): void {
    if (this.#reply.bytes[0] === minus && this.#reply.length > 0) this.#answeredWithError(args);
    this.#reply.clear();
  }

  #showExtension(args: Arguments): void {
    try {
      this.#extension.load(args);
    } catch (error) {
      const text = `${this.#path}: an entry before offset ${this.#reader.entryOffset} is malformed, and skipped`;
      this.#server.environment.report("warning", text, error);
    }
  }

  /** Every command in the log succeeded once. If it fails now, the data will differ from what it was. */
  #answeredWithError(args: Arguments): void {
    const message = Buffer.from(this.#reply.bytes.subarray(1, this.#reply.length - 2)).toString("latin1");
    // All following commands would change another database.
    if (args.is(0, "select")) this.#refuseDatabase(args.latin1(1), message);
    if (++this.#errors > maxReportedErrors) return;
    const text = `${this.#path}: '${args.latin1(0)}' in the log was answered with an error: ${message}`;
    this.#server.environment.report("warning", text);
  }

  #refuseDatabase(number: string, message: string): never {
    const limit = this.#server.keyspace.databases.length;
    const isDatabaseLimit = /^[0-9]{1,9}$/.test(number) && Number(number) >= limit;
    const allowed = isDatabaseLimit ? `, where 'databases ${limit}' allows less` : "";
    this.#refuse(`SELECT ${number}: ${message}${allowed}`, isDatabaseLimit);
  }

  #refuse(problem: string, isDatabaseLimit = false): never {
    const offset = this.#reader.entryOffset;
    const wholeUnits = this.#unit === undefined ? offset : this.#unitOffset;
    const goodBytes = this.#checksum.hasChecksums ? this.#coveredOffset : wholeUnits;
    throw new LogLoadError({ path: this.#path, offset, goodBytes, problem, isDatabaseLimit });
  }
}
