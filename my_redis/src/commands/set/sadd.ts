import { command, type CommandDefinition } from "../../dispatch/command.ts";
import { keyAt } from "../../dispatch/key-specification.ts";
import { createSet, findSet } from "../../collections/set-value.ts";
import { mergePacked, storePacked } from "../../collections/store-packed.ts";
import type { Database } from "../../keyspace/database.ts";
import type { Address } from "../../memory/heap.ts";
import { typeOf, valueType } from "../../memory/record.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { ElementRun, isWorthPacking } from "../../values/element-run.ts";

const shared = {
  group: "set",
  since: "1.0.0",
} as const satisfies Partial<CommandDefinition>;

const run = new ElementRun();

/**
 * Adds the members from argument 2 on at once, if they are packed, and none is there twice in a new set. A set that begins
 * with an integer is one of integers at first. Gives the number of new members, or -1 when nothing has changed.
 */
function addAtOnce(database: Database, args: Arguments, found: Address, hash?: number): number {
  if (found !== 0) return mergePacked(database, args, found, "set", hash);
  return run.pack(args, 2) && !run.beginsWithInteger && storePacked(database, args, "set", run, hash) ? run.count : -1;
}

export const sadd = command({
  ...shared,
  name: "SADD",
  complexity: "O(1) for each member, so O(N) for N members.",
  summary: "Adds members to a set, creating it if needed; gives the number of those that are new.",
  syntax: "key member...",
  flags: ["write", "denyoom", "fast"],
  keys: keyAt(1, "RW insert"),
  run(context, args, reply) {
    const found = findSet(context.database, args);
    const { buffer } = args;
    const count = args.count - 2;
    const addedAtOnce = isWorthPacking(args, 2) ? addAtOnce(context.database, args, found?.address ?? 0) : -1;
    if (addedAtOnce >= 0) {
      if (addedAtOnce > 0) context.database.changed(args, 1, "sadd", addedAtOnce);
      reply.integer(addedAtOnce);
      return;
    }
    const set =
      found ??
      createSet(context.database, args, 1, {
        member: args.range(2),
        count,
      });
    found?.expect(count);
    let added = 0;
    for (let index = 2; index < args.count; index++) {
      if (set.add(buffer, args.start(index), args.end(index))) added++;
    }
    if (added > 0) context.database.changed(args, 1, "sadd", added);
    reply.integer(added);
  },
  loadOperation: "sadd",
  load({ database, keyspace }, args, keyHash) {
    const found = database.loading(args, keyHash);
    if (found !== 0 && typeOf(keyspace.heap, found) !== valueType.set) return false;
    const added = addAtOnce(database, args, found, keyHash);
    if (added < 0) return false;
    keyspace.dirty += added;
    return true;
  },
});

export const srem = command({
  ...shared,
  name: "SREM",
  complexity: "O(N) for N members to remove.",
  summary: "Removes members of a set, and the set with its last member.",
  syntax: "key member...",
  flags: ["write", "fast"],
  keys: keyAt(1, "RW delete"),
  run(context, args, reply) {
    const set = findSet(context.database, args);
    let removed = 0;
    for (let index = 2; set !== undefined && index < args.count && set.size > 0; index++) {
      if (set.remove(args.buffer, args.start(index), args.end(index))) removed++;
    }
    if (removed > 0) {
      context.database.changed(args, 1, "srem", removed);
      set?.deleteIfEmpty(args, 1);
    }
    reply.integer(removed);
  },
});
