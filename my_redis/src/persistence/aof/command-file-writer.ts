import type { Address } from "../../memory/heap.ts";
import type { Keyspace } from "../../keyspace/keyspace.ts";
import * as record from "../../memory/record.ts";
import type { RecordTable } from "../../memory/record-table.ts";
import type { SnapshotSink } from "../../keyspace/snapshot.ts";
import type { LogWord } from "../../dispatch/log-target.ts";
import { CommandLog } from "./command-log.ts";
import { checksumAnnotation } from "./log-checksum.ts";
import { sealPayload } from "../rdb/dump-payload.ts";
import { ValueEncoder } from "../rdb/encode-value.ts";
import type { Emit, RdbFileOptions } from "../rdb/rdb-file-writer.ts";
import { RdbWriter } from "../rdb/rdb-writer.ts";
import { nameOf, stringCommand, tableCommands } from "./value-commands.ts";

const { encoding, valueType } = record;

/** Elements of a large set, or fields and values of a hash, that are put into one command. */
const wordsPerCommand = 64;
const emitBytes = 64 * 1024;

/** The base of a log as commands: SET for strings, SADD and HSET for large sets and hashes, RESTORE for the rest. */
export class CommandFileWriter implements SnapshotSink {
  readonly #keyspace: Keyspace;
  readonly #options: RdbFileOptions;
  readonly #emit: Emit;
  readonly #log: CommandLog;

  constructor(keyspace: Keyspace, options: RdbFileOptions, emit: Emit) {
    this.#keyspace = keyspace;
    this.#options = options;
    this.#emit = emit;
    this.#log = new CommandLog({ write: (bytes) => this.#write(bytes) });
  }

  #write(bytes: Uint8Array): void {
    this.#emit(bytes);
    if (this.#options.checksums) this.#emit(Buffer.from(checksumAnnotation(bytes), "latin1"));
  }

  record(database: number, address: Address, expiryMs: number): void {
    const { heap } = this.#keyspace;
    if (record.typeOf(heap, address) === valueType.string) this.#string(database, address, expiryMs);
    else this.#restore(database, address, expiryMs);
    this.#emitSome();
  }

  *pieces(database: number, address: Address, expiryMs: number): Generator<void, void> {
    const { heap, objects } = this.#keyspace;
    const type = record.typeOf(heap, address);
    // A hash whose fields have expiries contains more than these commands can express.
    if (record.encodingOf(heap, address) !== encoding.object || (type !== valueType.set && type !== valueType.hash)) {
      this.record(database, address, expiryMs);
      return;
    }
    // The record may be removed before the last piece.
    const key = nameOf(this.#keyspace.heap, address).slice();
    const table = objects.get(record.valueLengthOf(heap, address)) as RecordTable;
    const command = type === valueType.set ? "SADD" : "HSET";
    yield* tableCommands(table, {
      ...{ heap, command, key, words: wordsPerCommand },
      append: (words) => {
        this.#append(database, words);
        this.#emitSome();
      },
    });
    if (expiryMs >= 0) this.#append(database, ["PEXPIREAT", key, expiryMs]);
  }

  /** Writes the remaining commands. */
  end(): void {
    this.#log.flush();
  }

  #append(database: number, words: readonly LogWord[]): void {
    // Each command is a unit of its own. A base that is cut off is never loaded, because the manifest does not name it.
    this.#log.beginUnit();
    this.#log.append(database, words);
    this.#log.endUnit();
  }

  #emitSome(): void {
    if (this.#log.pendingBytes >= emitBytes) this.#log.flush();
  }

  #string(database: number, address: Address, expiryMs: number): void {
    this.#append(database, stringCommand(this.#keyspace.heap, address, expiryMs));
  }

  #restore(database: number, address: Address, expiryMs: number): void {
    const writer = new RdbWriter(this.#options);
    const encoder = new ValueEncoder(this.#keyspace, writer);
    writer.byte(encoder.typeOf(address));
    encoder.write(address);
    this.#append(database, [
      "RESTORE",
      nameOf(this.#keyspace.heap, address),
      Math.max(0, expiryMs),
      sealPayload(writer),
      "ABSTTL",
    ]);
  }
}
