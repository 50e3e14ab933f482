import { command } from "../../dispatch/command.ts";
import type { Context } from "../../dispatch/context.ts";
import type { KeyPredicate } from "../../keyspace/keyspace-core.ts";
import type { Database } from "../../keyspace/database.ts";
import type { Address } from "../../memory/heap.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";

/** Memory is always freed in the background. SYNC and ASYNC are only validated. */
function checkMode(args: Arguments): void {
  if (args.count === 1 || (args.count === 2 && (args.is(1, "sync") || args.is(1, "async")))) return;
  throw new CommandError(errors.syntax);
}

/**
 * While keys come from another node, only that node removes them: this one may have promised already that it has them. So
 * the others are removed one by one, also for replicas, which do not know the difference. While keys go to another node,
 * these are removed one by one first, so that it learns of it.
 */
function flush(context: Context, databases: readonly Database[]): void {
  const { isHidden, isLeaving } = context.keyspace;
  if (isHidden !== undefined) {
    context.logNothing();
    removeEach(context, databases, (...key) => !isHidden(...key));
    return;
  }
  if (isLeaving !== undefined) removeEach(context, databases, isLeaving);
  context.keyspace.flush(databases);
}

function removeEach({ server }: Context, databases: readonly Database[], isMeant: KeyPredicate): void {
  for (const database of databases) {
    const found: Address[] = [];
    database.keys.forEach((address) => {
      if (database.isKeyOf(address, isMeant)) found.push(address);
    });
    for (const address of found) {
      const key = database.keyOf(address);
      database.remove(address);
      database.changedKey(key, 0, key.length, "del");
      server.changes.append(database.number, ["UNLINK", key]);
    }
  }
}

export const flushDb = command({
  name: "FLUSHDB",
  group: "server",
  since: "1.0.0",
  complexity: "O(1); the memory of the N keys is given back in the background",
  brief: true,
  summary: "Removes all keys of this database.",
  syntax: "[ASYNC | SYNC]",
  flags: ["write"],
  categories: ["keyspace", "dangerous"],
  tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
  run(context, args, reply) {
    checkMode(args);
    flush(context, [context.database]);
    reply.ok();
  },
});

export const flushAll = command({
  name: "FLUSHALL",
  group: "server",
  since: "1.0.0",
  complexity: "O(1); the memory of the N keys is given back in the background",
  brief: true,
  summary: "Removes all keys of all databases.",
  syntax: "[ASYNC | SYNC]",
  flags: ["write"],
  categories: ["keyspace", "dangerous"],
  tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
  run(context, args, reply) {
    checkMode(args);
    flush(context, context.keyspace.databases);
    reply.ok();
  },
});
