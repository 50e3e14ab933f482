import { type Command, command } from "../../dispatch/command.ts";
import { keysFrom } from "../../dispatch/key-specification.ts";
import type { Context } from "../../dispatch/context.ts";
import { noExpiry } from "../../keyspace/database.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import { storeString } from "../../collections/string-value.ts";

const fields = {
  group: "string",
  since: "1.0.1",
  complexity: "O(N) with N being the number of keys",
  syntax: "{key value}...",
  flags: ["write", "denyoom"],
  keepsElements: true,
} as const;

export const mset = command({
  ...fields,
  name: "MSET",
  summary: "Sets several keys to strings at once.",
  keys: keysFrom(1, "OW update", { step: 2 }),
  tips: ["request_policy:multi_shard", "response_policy:all_succeeded"],
  run(context, args, reply) {
    checkPairs(context, args);
    setAll(context, args);
    reply.ok();
  },
});

export const msetNx = command({
  ...fields,
  name: "MSETNX",
  summary: "Sets several keys to strings at once, unless at least one of them exists.",
  keys: keysFrom(1, "OW insert", { step: 2 }),
  tips: ["request_policy:multi_shard", "response_policy:agg_min"],
  run(context, args, reply) {
    checkPairs(context, args);
    for (let index = 1; index < args.count; index += 2) {
      if (context.database.write(args, index) === 0) continue;
      reply.integer(0);
      return;
    }
    setAll(context, args);
    reply.integer(1);
  },
});

function checkPairs(context: Context, args: Arguments): void {
  if (args.count % 2 === 0) throw new CommandError(errors.wrongArity((context.command as Command).fullName));
}

function setAll({ database }: Context, args: Arguments): void {
  for (let index = 1; index < args.count; index += 2) {
    storeString(database, args, index, index + 1, noExpiry);
    database.changed(args, index, "set");
  }
}
