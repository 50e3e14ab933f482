import type { Context } from "../../dispatch/context.ts";
import * as record from "../../memory/record.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { findSortedSet, type SortedSetValue } from "../../collections/sorted-set-value.ts";

/**
 * Position of the first key that holds a sorted set. Throws WRONGTYPE when a key before it holds another type. For a
 * blocked client such a key counts as missing, so it goes on waiting.
 */
export function findPopKey(
  context: Context,
  args: Arguments,
  keys: readonly number[],
): { keyIndex: number; set: SortedSetValue } | undefined {
  const { database, keyspace } = context;
  for (const keyIndex of keys) {
    if (context.retrying) {
      const address = database.write(args, keyIndex);
      if (address !== 0 && record.typeOf(keyspace.heap, address) !== record.valueType.sortedSet) continue;
    }
    const set = findSortedSet(context.database, args, keyIndex);
    if (set !== undefined) return { keyIndex, set };
  }
  return undefined;
}
