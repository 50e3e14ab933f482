import { command, type CommandDefinition } from "../../../dispatch/command.ts";
import { CommandError } from "../../../protocol/command-error.ts";

const shared = {
  group: "server",
  complexity: "O(1)",
  brief: true,
  syntax: "({host port:integer} | {NO ONE})",
  flags: ["admin", "noscript", "stale", "no_async_loading"],
  run({ server: { cluster, replication } }, args, reply) {
    if (cluster?.seat !== undefined) throw new CommandError("ERR REPLICAOF not allowed in cluster mode.");
    if (replication === undefined) throw new CommandError("ERR replication needs a network");
    if (replication.status.failover !== "no-failover") {
      throw new CommandError("ERR REPLICAOF not allowed while failing over.");
    }
    if (args.is(1, "no") && args.is(2, "one")) {
      replication.promote();
      reply.ok();
      return;
    }
    const port = args.integer(2, "ERR Invalid master port");
    if (port < 0 || port > 65_535) throw new CommandError("ERR Invalid master port");
    const outcome = replication.follow(args.text(1), port);
    if (outcome === "follows") reply.ok();
    else reply.simple("OK Already connected to specified master");
  },
} as const satisfies Partial<CommandDefinition>;

export const replicaOf = command({
  ...shared,
  name: "REPLICAOF",
  since: "5.0.0",
  summary: "Makes the server a replica of another one, or with NO ONE a primary.",
});

export const slaveOf = command({
  ...shared,
  name: "SLAVEOF",
  since: "1.0.0",
  summary: "As REPLICAOF, under its older name.",
});
