import { command } from "../../dispatch/command.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import { joinedCluster } from "./joined-cluster.ts";

export const clusterFailover = command({
  name: "CLUSTER FAILOVER",
  group: "cluster",
  since: "3.0.0",
  complexity: "O(1)",
  brief: true,
  summary:
    "With FORCE or TAKEOVER: a node serves its place on the ring with the data that it has, if its primary is gone.",
  syntax: "[FORCE | TAKEOVER]",
  flags: ["admin", "stale", "no_async_loading"],
  run(context, args, reply) {
    const { seat } = joinedCluster(context);
    if (seat === undefined) {
      throw new CommandError(
        "ERR CLUSTER FAILOVER is not possible: nodes are joined by self and peers in redis.conf, and own hash slots by consistent hashing",
      );
    }
    if (args.count === 2) {
      throw new CommandError(
        "ERR the ring replaces a primary that is gone by itself. With FORCE this node takes over with the data that it has, also if it lacks some",
      );
    }
    if (args.count > 3 || !(args.is(2, "force") || args.is(2, "takeover"))) throw new CommandError(errors.syntax);
    seat.operators.takeOver();
    reply.ok();
  },
});
