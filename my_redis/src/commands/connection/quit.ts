import { command } from "../../dispatch/command.ts";

export const quit = command({
  name: "QUIT",
  group: "connection",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Closes the connection after all earlier requests have been answered.",
  flags: ["allow_busy", "noscript", "loading", "stale", "fast", "no_auth"],
  // Redis ignores any arguments.
  arity: -1,
  insideMulti: "run",
  whileSubscribed: true,
  run({ client }, _args, reply) {
    reply.ok();
    client.channel.closeAfterReplies();
  },
});
