import { command } from "../../dispatch/command.ts";
import { claims, version } from "../../version.ts";

export const lolwut = command({
  name: "LOLWUT",
  group: "server",
  since: "5.0.0",
  complexity: "O(1)",
  summary: "Shows the version, and no computer art.",
  syntax: "[VERSION=version:integer]",
  flags: ["readonly", "fast"],
  run({ server }, args, reply) {
    // VERSION selects a picture in Redis. There are no pictures here.
    if (args.count > 2 && args.is(1, "version")) args.integer(2);
    const claim = claims[server.settings.values.compatibility];
    const name = claim.server === "redis" ? "Redis" : "Valkey";
    reply.verbatim("txt", `${name} ver. ${claim.version} (MyRedis ${version})\n`);
  },
});
