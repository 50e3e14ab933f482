import { command } from "../../dispatch/command.ts";

export const reset = command({
  name: "RESET",
  group: "connection",
  since: "6.2.0",
  complexity: "O(1)",
  summary: "Resets the connection to its initial state.",
  flags: ["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"],
  insideMulti: "run",
  watching: "ends",
  whileSubscribed: true,
  run(context, _args, reply) {
    const { client, server } = context;
    client.transaction = undefined;
    server.watched.unwatch(client);
    server.pubSub.forget(client);
    context.select(0);
    client.protocol = 2;
    client.name = "";
    client.replyMode = "on";
    client.noEvict = false;
    server.observers.noTouch.set(client, false);
    server.observers.monitors.forget(client);
    server.observers.tracking.end(client);
    client.user = "default";
    client.authenticated = server.settings.values.requirepass === "";
    reply.protocol = 2;
    reply.simple("RESET");
  },
});
