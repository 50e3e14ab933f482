import { command } from "../../dispatch/command.ts";
import { keysFrom } from "../../dispatch/key-specification.ts";
import { CommandError } from "../../protocol/command-error.ts";

export const watch = command({
  name: "WATCH",
  group: "transactions",
  since: "2.2.0",
  complexity: "O(1) for every key.",
  summary: "Makes the next transaction of this connection depend on keys: it runs only if none of them changes before.",
  syntax: "key...",
  flags: ["noscript", "loading", "stale", "fast", "allow_busy"],
  keys: keysFrom(1, "RO"),
  insideMulti: "run",
  watching: "begins",
  run({ client, database, server }, args, reply) {
    if (client.transaction !== undefined) throw new CommandError("ERR WATCH inside MULTI is not allowed");
    // A key whose watch is broken already will fail the transaction whatever else is watched.
    if (client.watchBroken) {
      reply.ok();
      return;
    }
    for (let index = 1; index < args.count; index++) {
      // Looking for the key removes it if its time is over: to go later would seem a change.
      database.find(args.buffer, args.start(index), args.end(index));
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
  summary: "Makes the next transaction of this connection depend on no key.",
  flags: ["noscript", "loading", "stale", "fast", "allow_busy"],
  watching: "ends",
  run({ client, server }, _args, reply) {
    server.watched.unwatch(client);
    reply.ok();
  },
});
