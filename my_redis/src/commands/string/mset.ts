import { type Command, command } from "../../dispatch/command.ts";
import type { Context } from "../../dispatch/context.ts";
import { noExpiry } from "../../keyspace/database.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import { storeString } from "../../collections/string-value.ts";

const fields = {
  group: "string",
  since: "1.0.1",
  complexity: "O(N) with N being the number of keys",
  flags: ["write", "denyoom"],
  arity: -3,
  keys: { first: 1, last: -1, step: 2 },
} as const;

export const mset = command({
  ...fields,
  name: "MSET",
  summary: "Sets several keys to strings at once.",
  run(context, args, reply) {
    checkPairs(context, args);
    setAll(context, args);
    reply.ok();
  },
});

export const msetNx = command({
  ...fields,
  name: "MSETNX",
  summary: "Sets several keys to strings at once, unless any of them exists.",
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
