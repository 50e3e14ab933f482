import { command } from "../../dispatch/command.ts";

export const echo = command({
  name: "ECHO",
  group: "connection",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Answers with the given message.",
  syntax: "message",
  flags: ["loading", "stale", "fast"],
  anyConnection: true,
  run(_context, args, reply) {
    reply.bulk(args.buffer, args.start(1), args.end(1));
  },
});
