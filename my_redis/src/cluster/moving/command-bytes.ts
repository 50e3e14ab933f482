import type { Services } from "../../dispatch/context.ts";
import type { LogWord } from "../../dispatch/log-target.ts";
import type { Address } from "../../memory/heap.ts";
import { ByteBuffer } from "../../memory/byte-buffer.ts";
import * as record from "../../memory/record.ts";
import { CommandLog } from "../../persistence/aof/command-log.ts";
import { nameOf, stringCommand } from "../../persistence/aof/value-commands.ts";
import { dumpValue } from "../../persistence/rdb/dumped-value.ts";
import type { Arguments } from "../../protocol/arguments.ts";

/** Keys and changes as commands, for the target of a move. They select their database anew after each `take`. */
export class CommandBytes {
  readonly #server: Services;
  readonly #buffer = new ByteBuffer();
  readonly #commands = new CommandLog({ write: (bytes) => this.#buffer.raw(bytes) });

  constructor(server: Services) {
    this.#server = server;
  }

  get length(): number {
    return this.#buffer.length + this.#commands.pendingBytes;
  }

  /** A change, as it was logged. */
  change(database: number, args: Arguments): void {
    this.#commands.appendRequest(database, args);
  }

  append(database: number, words: readonly LogWord[]): void {
    this.#commands.append(database, words);
  }

  /** A key as it is now, with its value as `value` appends it. An expired key counts as missing. */
  key(database: number, key: Uint8Array, value = (address: Address): void => this.value(database, address)): void {
    const address = this.#server.keyspace.databases[database]?.find(key, 0, key.length) ?? 0;
    if (address === 0) this.#commands.append(database, ["DEL", key]);
    else value(address);
  }

  /**
   * A key with its value and the moment of its expiry. A string goes as SET: as a payload, it would have to be encoded here and
   * decoded there, by code that the runtime has to compile first.
   */
  value(database: number, address: Address): void {
    const { heap } = this.#server.keyspace;
    const expiryMs = record.hasExpiry(heap, address) ? record.expiryOf(heap, address) : -1;
    if (record.typeOf(heap, address) === record.valueType.string) {
      this.#commands.append(database, stringCommand(heap, address, expiryMs));
      return;
    }
    const payload = dumpValue(this.#server, address);
    const words = ["RESTORE", nameOf(heap, address), Math.max(0, expiryMs), payload, "REPLACE", "ABSTTL"];
    this.#commands.append(database, words);
  }

  /** All of it so far, in an array of its own. */
  take(): Uint8Array {
    this.#commands.flush();
    this.#commands.forgetDatabase();
    return this.#buffer.take();
  }
}
