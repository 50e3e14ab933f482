import type { Context } from "../../dispatch/context.ts";
import type { Address } from "../../memory/heap.ts";
import * as record from "../../memory/record.ts";
import { RecordTable } from "../../memory/record-table.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { type ByteRange, wholeRange } from "../../memory/byte-range.ts";
import { createSet } from "../../collections/set-value.ts";

/**
 * Members of a set that is going to be stored: put aside, since the target may be one of the sets that they come from,
 * and as soon as they are too many for a small set in the table that they will stay in.
 */
export class SetResult {
  readonly #context: Context;
  readonly #maxSmall: number;
  readonly #expected: number;
  #members: Uint8Array[] = [];
  #table: RecordTable | undefined;

  /** At least `expected` members will come. */
  constructor(context: Context, expected: number) {
    const { values } = context.server.settings;
    this.#context = context;
    this.#expected = expected;
    this.#maxSmall = Math.max(values["set-max-intset-entries"], values["set-max-listpack-entries"]);
  }

  get size(): number {
    return this.#table === undefined ? this.#members.length : this.#table.size;
  }

  /** Takes a copy of a member, which must be new. One that comes from a table is told with its entry and hash there. */
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
    const { heap, hasher } = this.#context.keyspace;
    const table = new RecordTable(heap, hasher);
    table.reserve(this.#expected);
    for (const member of this.#members) table.add(member, 0, member.length, 0);
    this.#members = [];
    return table;
  }

  /** Makes the set of the key that argument 1 names, which must have no value. There must be a member. */
  store(args: Arguments): void {
    const context = this.#context;
    if (this.#table !== undefined) {
      context.database.createObject(args.buffer, args.start(1), args.end(1), record.valueType.set, this.#table);
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
