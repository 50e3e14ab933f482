import { command, type Command } from "../../../dispatch/command.ts";
import { container } from "../../../dispatch/container.ts";
import type { Context } from "../../../dispatch/context.ts";
import type { Arguments } from "../../../protocol/arguments.ts";
import type { ReplyWriter } from "../../../protocol/reply-writer.ts";
import { replyCommandDocs, replyCommandInfo } from "./describe-command.ts";
import { commandGetkeys, commandGetkeysandflags } from "./keys.ts";
import { commandList } from "./list.ts";

const facts = { group: "server", categories: ["connection"], flags: ["loading", "stale"] } as const;

const count = command({
  ...facts,
  name: "COMMAND COUNT",
  since: "2.8.13",
  complexity: "O(1)",
  brief: true,
  summary: "Returns the number of commands.",
  run({ server }, _args, reply) {
    reply.integer(server.commands.size);
  },
});

const info = command({
  ...facts,
  name: "COMMAND INFO",
  since: "2.8.13",
  complexity: "O(N) where N is the number of commands to look up",
  summary: "Describes the named commands, or all, for programs: arity, flags and positions of keys.",
  syntax: "[command-name...]",
  tips: ["nondeterministic_output_order"],
  run({ server }, args, reply) {
    if (args.count === 2) {
      replyAll(server.commands, reply);
      return;
    }
    reply.array(args.count - 2);
    for (let index = 2; index < args.count; index++) {
      const found = server.commands.byName(args.latin1(index));
      if (found === undefined) reply.null();
      else replyCommandInfo(server.commands, found, reply);
    }
  },
});

const docs = command({
  ...facts,
  name: "COMMAND DOCS",
  since: "7.0.0",
  complexity: "O(N) where N is the number of commands to look up",
  summary: "Describes the named commands, or all, for people.",
  syntax: "[command-name...]",
  tips: ["nondeterministic_output_order"],
  run({ server }, args, reply) {
    const found = args.count === 2 ? [...server.commands.all()] : named(server.commands, args);
    reply.map(found.length);
    for (const entry of found) {
      reply.bulkText(entry.fullName);
      replyCommandDocs(server.commands, entry, reply);
    }
  },
});

function named(table: Context["server"]["commands"], args: Arguments): Command[] {
  const names = Array.from({ length: args.count - 2 }, (_, index) => args.latin1(index + 2));
  return names.map((name) => table.byName(name)).filter((found) => found !== undefined);
}

function replyAll(table: Context["server"]["commands"], reply: ReplyWriter): void {
  reply.array(table.size);
  for (const entry of table.all()) replyCommandInfo(table, entry, reply);
}

export const commandCommand = container({
  ...facts,
  name: "COMMAND",
  since: "2.8.13",
  complexity: "O(N) where N is the total number of Redis commands",
  summary: "Describes all commands for programs.",
  tips: ["nondeterministic_output_order"],
  helpSince: "5.0.0",
  subcommands: [count, docs, commandGetkeys, commandGetkeysandflags, info, commandList],
  run({ server }, _args, reply) {
    replyAll(server.commands, reply);
  },
});
