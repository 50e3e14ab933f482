import { command } from "../../dispatch/command.ts";
import { CommandError } from "../../protocol/command-error.ts";

export const monitor = command({
  name: "MONITOR",
  group: "server",
  since: "1.0.0",
  complexity: "O(1)",
  brief: true,
  summary: "Sends this connection a line for every command that the server runs.",
  flags: ["admin", "noscript", "loading", "stale"],
  run({ client, server }, _args, reply) {
    if (server.execution.inUnit) throw new CommandError("ERR MONITOR isn't allowed for DENY BLOCKING client");
    // As in Redis, a repeated MONITOR gets no reply.
    if (client.monitoring) return;
    server.observers.monitors.add(client);
    reply.ok();
  },
});
