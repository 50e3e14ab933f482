import type { Context } from "../../dispatch/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import * as record from "../../memory/record.ts";
import { SortedSet } from "../../values/sorted-set/sorted-set.ts";
import { createSortedSet, type VisitMember } from "../../collections/sorted-set-value.ts";

/** A sorted set that does not belong to a key yet: the result of ZUNION, ZRANGESTORE, GEOSEARCHSTORE and others. */
export class SortedSetBuilder {
  readonly #context: Context;
  readonly #set: SortedSet;
  #longest = 0;

  constructor(context: Context) {
    this.#context = context;
    this.#set = new SortedSet(context.keyspace.heap, context.keyspace.hasher);
    context.keyspace.unattached.add(this.#set);
  }

  get size(): number {
    return this.#set.size;
  }

  /** Adds a member. The score of an existing member becomes the result of `combine`. */
  add(bytes: Uint8Array, start: number, end: number, score: number, combine?: (before: number) => number): void {
    const member = this.#set.table.find(bytes, start, end);
    if (member === 0) {
      this.#set.add(bytes, start, end, score);
      this.#longest = Math.max(this.#longest, end - start);
    } else if (combine !== undefined) {
      this.#set.update(member, combine(this.#set.scoreOf(member)));
    }
  }

  /** Removes a member if it exists. */
  remove(bytes: Uint8Array, start: number, end: number): void {
    const member = this.#set.table.find(bytes, start, end);
    if (member !== 0) this.#set.remove(member);
  }

  /** Visits the members in order. */
  visit(visit: VisitMember): void {
    const { heap } = this.#context.keyspace;
    this.#set.tree.visit(0, this.#set.size, false, (score, member) => {
      const start = record.keyStartOf(heap, member);
      visit(record.bytesOf(heap, member), start, start + record.keyLengthOf(heap, member), score);
    });
  }

  /** Discards the members. */
  discard(): void {
    const { keyspace } = this.#context;
    keyspace.unattached.delete(this.#set);
    keyspace.releaseLater(this.#set);
  }

  /**
   * Replaces the value of the key at argument `index` by the members. Without any member, the key is deleted. Announces
   * the change, and returns the number of members. `changes`: how many changes that is; 1 if left out.
   */
  store(args: Arguments, index: number, event: string, changes = 1): number {
    const { database } = this.#context;
    const { size } = this;
    if (size === 0) {
      this.discard();
      if (database.deleteEvenExpired(args, index)) database.changed(args, index, "del");
      return 0;
    }
    const existed = database.delete(args, index);
    database.replacing(existed, () => this.#create(args, index));
    database.changed(args, index, event, changes);
    return size;
  }

  /** Creates the value of the key, which must be missing. */
  #create(args: Arguments, index: number): void {
    const { database, server } = this.#context;
    const { "zset-max-listpack-entries": maxEntries, "zset-max-listpack-value": maxBytes } = server.settings.values;
    if (this.size <= maxEntries && this.#longest <= maxBytes) {
      const packed = createSortedSet(this.#context.database, args, index);
      this.visit((bytes, start, end, score) => packed.add(bytes, start, end, score));
      this.discard();
    } else {
      const [start, end] = [args.start(index), args.end(index)];
      database.createObject(args.buffer, start, end, record.valueType.sortedSet, this.#set);
      this.#context.keyspace.unattached.delete(this.#set);
    }
  }
}
