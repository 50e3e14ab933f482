import type { Database } from "../../../keyspace/database.ts";
import type { Address } from "../../../memory/heap.ts";
import type { Arguments } from "../../../protocol/arguments.ts";

/** The record of the key that argument `index` names, or 0. One whose time is over is found as long as it is there. */
export function findEvenExpired({ keyspace, keys }: Database, args: Arguments, index: number): Address {
  const [start, end] = [args.start(index), args.end(index)];
  return keys.find(keyspace.hasher.hash(args.buffer, start, end), args.buffer, start, end);
}
