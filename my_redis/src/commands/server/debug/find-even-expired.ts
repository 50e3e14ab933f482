import type { Database } from "../../../keyspace/database.ts";
import type { Address } from "../../../memory/heap.ts";
import type { Arguments } from "../../../protocol/arguments.ts";

/** The record of the key in argument `index`, or 0. An expired key is found until it is removed. */
export function findEvenExpired({ keyspace, keys }: Database, args: Arguments, index: number): Address {
  const [start, end] = [args.start(index), args.end(index)];
  return keys.find(keyspace.hasher.hash(args.buffer, start, end), args.buffer, start, end);
}
