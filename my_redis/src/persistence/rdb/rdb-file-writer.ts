import type { Address } from "../../memory/heap.ts";
import type { Keyspace } from "../../keyspace/keyspace.ts";
import * as record from "../../memory/record.ts";
import { Crc64 } from "./crc64.ts";
import { ValueEncoder } from "./encode-value.ts";
import { opcode, rdbMagic } from "./rdb-opcodes.ts";
import { writtenVersion, writtenVersionWithTimes } from "./rdb-types.ts";
import { RdbWriter } from "./rdb-writer.ts";

export interface RdbFileOptions {
  /** Whether long strings are compressed. */
  readonly compresses: boolean;
  /** Whether the file ends with a checksum. */
  readonly checksums: boolean;
  /** The facts about a key's use that the file holds: how long the key was not used, how often it is used, or nothing. */
  readonly use?: "idle" | "frequency" | undefined;
}

/** Called with the next bytes of the file, which are valid only during the call. */
export type Emit = (bytes: Uint8Array) => void;

/** `Emit` is called for at least this many bytes at a time. */
const emitBytes = 64 * 1024;
const checksumBytes = 8;

/** Writes the part of an RDB file between its beginning and its end: keys with their values and expiries. */
class RecordWriter {
  readonly writer: RdbWriter;
  readonly #keyspace: Keyspace;
  readonly #encoder: ValueEncoder;
  readonly #use: RdbFileOptions["use"];
  /** The number of the current database. */
  database = -1;

  constructor(keyspace: Keyspace, options: RdbFileOptions) {
    this.writer = new RdbWriter(options);
    this.#keyspace = keyspace;
    this.#use = options.use;
    this.#encoder = new ValueEncoder(keyspace, this.writer);
  }

  select(database: number): void {
    if (database === this.database) return;
    this.database = database;
    this.writer.byte(opcode.database);
    this.writer.count(database);
  }

  record(database: number, address: Address, expiryMs: number): void {
    this.#key(database, address, expiryMs);
    this.#encoder.write(address);
  }

  *pieces(database: number, address: Address, expiryMs: number): Generator<void, void> {
    this.#key(database, address, expiryMs);
    yield* this.#encoder.pieces(address);
  }

  /** Writes everything that precedes the value. */
  #key(database: number, address: Address, expiryMs: number): void {
    const { writer } = this;
    const { heap } = this.#keyspace;
    this.select(database);
    if (expiryMs >= 0) {
      writer.byte(opcode.expiryMs);
      writer.milliseconds(expiryMs);
    }
    this.#writeUse(address);
    writer.byte(this.#encoder.typeOf(address));
    const start = record.keyStartOf(heap, address);
    writer.string(record.bytesOf(heap, address), start, start + record.keyLengthOf(heap, address));
  }

  #writeUse(address: Address): void {
    if (this.#use === undefined) return;
    const { heap, accessClock } = this.#keyspace;
    const clock = record.accessClockOf(heap, address);
    if (this.#use === "idle") {
      this.writer.byte(opcode.idle);
      this.writer.count(accessClock.idleSeconds(clock));
    } else {
      this.writer.byte(opcode.frequency);
      this.writer.byte(accessClock.frequency(clock));
    }
  }
}

/** Writes an RDB file from its beginning to its end. */
export class RdbFileWriter {
  readonly #main: RecordWriter;
  /** Records that have to wait for the end of a large value. */
  readonly #behind: RecordWriter;
  readonly #emit: Emit;
  readonly #version: number;
  readonly #checksum: Crc64 | undefined;
  #inPieces = false;

  constructor(keyspace: Keyspace, options: RdbFileOptions, emit: Emit) {
    this.#main = new RecordWriter(keyspace, options);
    this.#behind = new RecordWriter(keyspace, options);
    this.#emit = emit;
    const hasTimes = keyspace.databases.some(({ timedHashes }) => timedHashes.size > 0);
    this.#version = hasTimes ? writtenVersionWithTimes : writtenVersion;
    this.#checksum = options.checksums ? new Crc64() : undefined;
  }

  /** `facts`: names and values about the file. */
  begin(facts: readonly (readonly [name: string, value: string])[]): void {
    const { writer } = this.#main;
    writer.raw(Buffer.from(`${rdbMagic}${String(this.#version).padStart(4, "0")}`, "latin1"));
    for (const [name, value] of facts) {
      writer.byte(opcode.fact);
      writer.string(Buffer.from(name));
      writer.string(Buffer.from(value));
    }
  }

  /** Announces how many keys a database has, so that a reader can make room. */
  size(database: number, keys: number, expiring: number): void {
    this.#main.select(database);
    this.#main.writer.byte(opcode.size);
    this.#main.writer.count(keys);
    this.#main.writer.count(expiring);
  }

  record(database: number, address: Address, expiryMs: number): void {
    if (this.#inPieces) {
      this.#behind.record(database, address, expiryMs);
      return;
    }
    this.#main.record(database, address, expiryMs);
    this.#emitSome();
  }

  /** Writes a large value, a piece in each step. `record` may be called between two steps. */
  *pieces(database: number, address: Address, expiryMs: number): Generator<void, void> {
    this.#inPieces = true;
    for (const _piece of this.#main.pieces(database, address, expiryMs)) {
      this.#emitSome();
      yield;
    }
    this.#inPieces = false;
    const { writer } = this.#behind;
    if (writer.length === 0) return;
    this.#main.writer.raw(writer.written);
    writer.clear();
    this.#main.database = this.#behind.database;
    this.#behind.database = -1;
    this.#emitSome();
  }

  end(): void {
    const { writer } = this.#main;
    const checksum = new Uint8Array(checksumBytes);
    writer.byte(opcode.end);
    this.#checksum?.update(writer.bytes, 0, writer.length).write(checksum, 0);
    writer.raw(checksum);
    this.#emit(writer.written);
    writer.clear();
  }

  #emitSome(): void {
    const { writer } = this.#main;
    if (writer.length < emitBytes) return;
    this.#checksum?.update(writer.bytes, 0, writer.length);
    this.#emit(writer.written);
    writer.clear();
  }
}
