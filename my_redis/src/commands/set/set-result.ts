import type { Context } from "../../dispatch/context.ts";
import type { Address } from "../../memory/heap.ts";
import * as record from "../../memory/record.ts";
import { RecordTable } from "../../memory/record-table.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { type ByteRange, wholeRange } from "../../memory/byte-range.ts";
import { createSet } from "../../collections/set-value.ts";

/**
 * Collects the members of a set before it is stored, because the destination may be one of the sources. As soon as
 * there are too many for a small set, they go into the table in which they will stay.
 */
export class SetResult {
  readonly #context: Context;
  readonly #maxSmall: number;
  readonly #expected: number;
  #members: Uint8Array[] = [];
  #table: RecordTable | undefined;

  /** At least `expected` members will be added. */
  constructor(context: Context, expected: number) {
    const { values } = context.server.settings;
    this.#context = context;
    this.#expected = expected;
    this.#maxSmall = Math.max(values["set-max-intset-entries"], values["set-max-listpack-entries"]);
  }

  get size(): number {
    return this.#table === undefined ? this.#members.length : this.#table.size;
  }

  /**
   * Adds a copy of a member, which must be new. For a member of a table, `entry` and `hash` are those of that table.
   */
  add({ bytes, start, end }: ByteRange, entry: Address = 0, hash = 0): void {
    if (this.#table !== undefined) {
      if (entry === 0) this.#table.add(bytes, start, end, 0);
      else this.#table.addCopy(hash, entry);
      return;
    }
    this.#members.push(new Uint8Array(bytes.subarray(start, end)));
    if (this.#members.length > this.#maxSmall) this.#table = this.#becomeTable();
  }

  #becomeTable(): RecordTable {
    const { heap, hasher, unattached } = this.#context.keyspace;
    const table = new RecordTable(heap, hasher);
    unattached.add(table);
    table.reserve(this.#expected);
    for (const member of this.#members) table.add(member, 0, member.length, 0);
    this.#members = [];
    return table;
  }

  /** Creates the set at the key in argument 1, which must be missing. At least one member must have been added. */
  store(args: Arguments): void {
    const context = this.#context;
    if (this.#table !== undefined) {
      context.database.createObject(args.buffer, args.start(1), args.end(1), record.valueType.set, this.#table);
      context.keyspace.unattached.delete(this.#table);
      return;
    }
    const first = this.#members[0] as Uint8Array;
    const target = createSet(context.database, args, 1, {
      member: wholeRange(first),
      count: 1,
    });
    for (const member of this.#members) target.add(member, 0, member.length);
  }
}
