import type { Services } from "../../dispatch/context.ts";
import type { LogWord } from "../../dispatch/log-target.ts";
import type { Address } from "../../memory/heap.ts";
import { ByteBuffer } from "../../memory/byte-buffer.ts";
import * as record from "../../memory/record.ts";
import { CommandLog } from "../../persistence/aof/command-log.ts";
import { integerOf, nameOf, stringCommand } from "../../persistence/aof/value-commands.ts";
import { dumpValue } from "../../persistence/rdb/dumped-value.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { writeBulk, writeBulkText } from "../../protocol/write-bulk.ts";

/** Keys and changes as commands, for the target of a move. They select their database anew after each `take`. */
export class CommandBytes {
  readonly #server: Services;
  readonly #buffer = new ByteBuffer();
  readonly #commands = new CommandLog({ write: (bytes) => this.#buffer.raw(bytes) });
  /** Keys and values of the next MSET, of one database. */
  readonly #pairs = new ByteBuffer();
  #pairCount = 0;
  #pairDatabase = 0;

  constructor(server: Services) {
    this.#server = server;
  }

  get length(): number {
    return this.#buffer.length + this.#commands.pendingBytes + this.#pairs.length;
  }

  /** A change, as it was logged. */
  change(database: number, args: Arguments): void {
    this.#endPairs();
    this.#commands.appendRequest(database, args);
  }

  append(database: number, words: readonly LogWord[]): void {
    this.#endPairs();
    this.#commands.append(database, words);
  }

  /** A key as it is now, with its value as `value` appends it. An expired key counts as missing. */
  key(database: number, key: Uint8Array, value = (address: Address): void => this.value(database, address)): void {
    const address = this.#server.keyspace.databases[database]?.find(key, 0, key.length) ?? 0;
    if (address === 0) this.append(database, ["DEL", key]);
    else value(address);
  }

  /**
   * A key with its value and the moment of its expiry. Strings go as MSET or SET: as a payload, each would have to be encoded
   * here and decoded there. Slots move seldom, so the runtime would compile that code while clients wait, and also the way of a
   * command for each key.
   */
  value(database: number, address: Address): void {
    const { heap } = this.#server.keyspace;
    const expiryMs = record.hasExpiry(heap, address) ? record.expiryOf(heap, address) : -1;
    if (record.typeOf(heap, address) === record.valueType.string) {
      if (expiryMs < 0) this.#pair(database, address);
      else this.append(database, stringCommand(heap, address, expiryMs));
      return;
    }
    const payload = dumpValue(this.#server, address);
    const words = ["RESTORE", nameOf(heap, address), Math.max(0, expiryMs), payload, "REPLACE", "ABSTTL"];
    this.append(database, words);
  }

  #pair(database: number, address: Address): void {
    const { heap } = this.#server.keyspace;
    if (database !== this.#pairDatabase) this.#endPairs();
    this.#pairDatabase = database;
    this.#pairCount++;
    const bytes = record.bytesOf(heap, address);
    const keyStart = record.keyStartOf(heap, address);
    writeBulk(this.#pairs, bytes, keyStart, keyStart + record.keyLengthOf(heap, address));
    if (record.encodingOf(heap, address) === record.encoding.integer) {
      writeBulkText(this.#pairs, String(integerOf(heap, address)));
      return;
    }
    const start = record.valueStartOf(heap, address);
    writeBulk(this.#pairs, bytes, start, start + record.valueLengthOf(heap, address));
  }

  #endPairs(): void {
    if (this.#pairCount === 0) return;
    this.#commands.appendBulks(this.#pairDatabase, "MSET", 2 * this.#pairCount, this.#pairs.written);
    this.#pairs.clear();
    this.#pairCount = 0;
  }

  /** All of it so far, in an array of its own. */
  take(): Uint8Array {
    this.#endPairs();
    this.#commands.flush();
    this.#commands.forgetDatabase();
    return this.#buffer.take();
  }
}
