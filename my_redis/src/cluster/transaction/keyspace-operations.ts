import type { LogWord } from "../../dispatch/log-target.ts";
import type { Context, Services } from "../../dispatch/context.ts";
import { Refusal } from "../../dispatch/outcome.ts";
import { wholeRange } from "../../memory/byte-range.ts";
import { storeRange } from "../../collections/string-value.ts";
import type { Database } from "../../keyspace/database.ts";
import type { Address } from "../../memory/heap.ts";
import * as record from "../../memory/record.ts";
import { sealPayload } from "../../persistence/rdb/dump-payload.ts";
import { ValueEncoder } from "../../persistence/rdb/encode-value.ts";
import { RdbWriter } from "../../persistence/rdb/rdb-writer.ts";
import { Arguments } from "../../protocol/arguments.ts";
import { ReplyWriter } from "../../protocol/reply-writer.ts";
import type { Examination } from "./transaction-host.ts";
import type { Operation, TakenValue } from "./transaction-message.ts";

/** Checks and carries out the operations of transactions on a server's data. */
export class KeyspaceOperations {
  readonly #server: Services;
  readonly #context: Context;
  readonly #reply = new ReplyWriter();

  constructor(server: Services) {
    this.#server = server;
    this.#context = server.clients.addPseudo("script");
  }

  examine(number: number, operations: readonly Operation[]): Examination {
    const { changes, keyspace } = this.#server;
    if (changes.failure !== undefined) return { refusal: changes.failure };
    const database = keyspace.database(number);
    let count = 0;
    let taken: TakenValue | undefined;
    for (const { kind, key } of operations) {
      const address = database.find(key, 0, key.length);
      if (kind.endsWith("-absent") && address !== 0) return { refusal: "exists" };
      if (kind === "take") {
        if (address === 0) return { refusal: "missing" };
        taken = this.#read(address);
      }
      if (kind === "delete" && address !== 0) count++;
    }
    return { refusal: undefined, count, taken };
  }

  #read(address: Address): TakenValue {
    const { keyspace } = this.#server;
    const { heap } = keyspace;
    const writer = new RdbWriter({ compresses: false });
    const encoder = new ValueEncoder(keyspace, writer);
    writer.byte(encoder.typeOf(address));
    encoder.write(address);
    const expiryMs = record.hasExpiry(heap, address) ? record.expiryOf(heap, address) : -1;
    return { payload: new Uint8Array(sealPayload(writer)), expiryMs };
  }

  /** Carries the operations out. `entry` and the changes are logged as one unit. */
  apply(entry: readonly LogWord[], number: number, operations: readonly Operation[]): void {
    const { changes, clock, execution, keyspace, observerList } = this.#server;
    const database = keyspace.database(number);
    clock.update();
    // No client of this node is the writer.
    observerList.starting(this.#context.client);
    execution.asUnit(() => {
      changes.beginUnit();
      changes.append(number, entry);
      try {
        for (const operation of operations) this.#applyOne(database, operation);
      } finally {
        changes.endUnit();
      }
    });
  }

  #applyOne(database: Database, { kind, key, value, expiryMs }: Operation): void {
    const { changes } = this.#server;
    if (kind === "put" || kind === "put-absent") {
      this.#restore(database, key, value, expiryMs);
    } else if (kind === "set" || kind === "set-absent") {
      storeRange(database, wholeRange(key), wholeRange(value));
      database.changedKey(key, 0, key.length, "set");
      changes.append(database.number, ["SET", key, value]);
    } else if (database.delete(Arguments.from([key]), 0)) {
      database.changedKey(key, 0, key.length, kind === "take" ? "rename_from" : "del");
      changes.append(database.number, ["DEL", key]);
    }
  }

  #restore(database: Database, key: Uint8Array, payload: Uint8Array, expiryMs: number): void {
    const { processor } = this.#server;
    const moment = String(Math.max(0, expiryMs));
    const args = Arguments.from(["RESTORE", key, moment, payload, "REPLACE", "ABSTTL"]);
    const found = processor.resolve(args);
    if (found instanceof Refusal) throw new Error(found.message);
    this.#context.select(database.number);
    this.#reply.clear();
    processor.call(this.#context, found, args, this.#reply);
  }
}
