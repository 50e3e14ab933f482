import { command } from "../../dispatch/command.ts";
import { CommandError } from "../../protocol/command-error.ts";

export const multi = command({
  name: "MULTI",
  group: "transactions",
  since: "1.2.0",
  complexity: "O(1)",
  summary: "Begins a transaction: the commands that follow are queued until EXEC.",
  flags: ["noscript", "loading", "stale", "fast", "allow_busy"],
  insideMulti: "run",
  run({ client }, _args, reply) {
    if (client.transaction !== undefined) throw new CommandError("ERR MULTI calls can not be nested");
    client.transaction = { queued: [], queuedBytes: 0, refusal: undefined };
    reply.ok();
  },
});

export const discard = command({
  name: "DISCARD",
  group: "transactions",
  since: "2.0.0",
  complexity: "O(N), when N is the number of queued commands",
  summary: "Discards the transaction: the queued commands are dropped, and no key is watched any more.",
  flags: ["noscript", "loading", "stale", "fast", "allow_busy"],
  insideMulti: "run",
  watching: "ends with MULTI",
  run({ client, server }, _args, reply) {
    if (client.transaction === undefined) throw new CommandError("ERR DISCARD without MULTI");
    client.transaction = undefined;
    server.watched.unwatch(client);
    reply.ok();
  },
});
