import { command } from "../../dispatch/command.ts";
import { container } from "../../dispatch/container.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";

const defaultCount = 10;
const facts = { group: "server", since: "2.2.12", flags: ["admin", "loading", "stale"] } as const;

const get = command({
  ...facts,
  name: "SLOWLOG GET",
  complexity: "O(N) where N is the number of entries returned",
  summary: "Returns the latest slow commands with id, time, duration, arguments and client. A count of -1 means all.",
  syntax: "[count]",
  tips: ["request_policy:all_nodes", "nondeterministic_output"],
  run({ server }, args, reply) {
    const { slowLog } = server.observers;
    if (args.count > 3) throw new CommandError(errors.subcommandSyntax(args.latin1(1), "slowlog"));
    const message = "ERR count should be greater than or equal to -1";
    const given = args.count > 2 ? args.integer(2, message) : defaultCount;
    if (given < -1) throw new CommandError(message);
    const entries = slowLog.latest(given === -1 ? slowLog.length : given);
    reply.array(entries.length);
    for (const entry of entries) {
      reply.array(6);
      reply.integer(entry.id);
      reply.integer(entry.atSeconds);
      reply.integer(entry.microseconds);
      reply.array(entry.words.length);
      for (const word of entry.words) reply.bulk(Buffer.from(word, "latin1"));
      reply.bulkText(entry.address);
      reply.bulkText(entry.clientName);
    }
  },
});

const len = command({
  ...facts,
  name: "SLOWLOG LEN",
  complexity: "O(1)",
  brief: true,
  summary: "Returns the number of slow commands in the log.",
  tips: ["request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"],
  run({ server }, _args, reply) {
    reply.integer(server.observers.slowLog.length);
  },
});

const reset = command({
  ...facts,
  name: "SLOWLOG RESET",
  complexity: "O(N) where N is the number of entries in the slowlog",
  summary: "Removes all slow commands from the log.",
  tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
  run({ server }, _args, reply) {
    server.observers.slowLog.reset();
    reply.ok();
  },
});

export const slowlog = container({
  name: "SLOWLOG",
  group: "server",
  since: "2.2.12",
  complexity: "Depends on the subcommand.",
  summary: "Groups the commands about the log of slow commands.",
  flags: [],
  helpSince: "6.2.0",
  subcommands: [get, len, reset],
});
