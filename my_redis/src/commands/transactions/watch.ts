import { command } from "../../dispatch/command.ts";
import { keysFrom } from "../../dispatch/key-specification.ts";
import { CommandError } from "../../protocol/command-error.ts";

export const watch = command({
  name: "WATCH",
  group: "transactions",
  since: "2.2.0",
  complexity: "O(1) for every key.",
  summary: "Watches keys: the next transaction of this connection runs only if none of them changes before.",
  syntax: "key...",
  flags: ["noscript", "loading", "stale", "fast", "allow_busy"],
  keys: keysFrom(1, "RO"),
  insideMulti: "run",
  watching: "begins",
  run({ client, database, server }, args, reply) {
    if (client.transaction !== undefined) throw new CommandError("ERR WATCH inside MULTI is not allowed");
    // Once a watched key has changed, the transaction fails whatever else is watched.
    if (client.watchBroken) {
      reply.ok();
      return;
    }
    for (let index = 1; index < args.count; index++) {
      server.watched.watch(client, database.number, args.latin1(index));
    }
    reply.ok();
  },
});

export const unwatch = command({
  name: "UNWATCH",
  group: "transactions",
  since: "2.2.0",
  complexity: "O(1)",
  summary: "Stops watching all keys of this connection.",
  flags: ["noscript", "loading", "stale", "fast", "allow_busy"],
  watching: "ends",
  run({ client, server }, _args, reply) {
    server.watched.unwatch(client);
    reply.ok();
  },
});
