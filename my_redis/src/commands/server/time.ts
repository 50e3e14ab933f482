import { command } from "../../dispatch/command.ts";

export const time = command({
  name: "TIME",
  group: "server",
  since: "2.6.0",
  complexity: "O(1)",
  summary: "Returns the server's clock: Unix seconds, and microseconds of the second.",
  flags: ["loading", "stale", "fast"],
  tips: ["nondeterministic_output"],
  run({ now }, _args, reply) {
    const seconds = Math.floor(now / 1000);
    reply.array(2);
    reply.bulkText(String(seconds));
    reply.bulkText(String(Math.floor((now - seconds * 1000) * 1000)));
  },
});
