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
    "A primary hands its place on the ring over to this replica. With FORCE or TAKEOVER the replica takes it, if the primary is gone.",
  syntax: "[FORCE | TAKEOVER]",
  flags: ["admin", "stale", "no_async_loading"],
  run(context, args, reply) {
    const { seat } = joinedCluster(context);
    if (seat === undefined) {
      throw new CommandError(
        "ERR CLUSTER FAILOVER is not possible: nodes are joined by self and peers in redis.conf, and own hash slots by consistent hashing",
      );
    }
    const isForced = args.count === 3 && (args.is(2, "force") || args.is(2, "takeover"));
    if (args.count > 2 && !isForced) throw new CommandError(errors.syntax);
    if (isForced) seat.operators.takeOver();
    else seat.operators.handOver();
    reply.ok();
  },
});
