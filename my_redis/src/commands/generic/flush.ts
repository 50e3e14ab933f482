import { command } from "../../dispatch/command.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";

/** Memory is always freed in the background. SYNC and ASYNC are only validated. */
function checkMode(args: Arguments): void {
  if (args.count === 1 || (args.count === 2 && (args.is(1, "sync") || args.is(1, "async")))) return;
  throw new CommandError(errors.syntax);
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
  run({ database, keyspace }, args, reply) {
    checkMode(args);
    keyspace.flush([database]);
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
  run({ keyspace }, args, reply) {
    checkMode(args);
    keyspace.flush(keyspace.databases);
    reply.ok();
  },
});
