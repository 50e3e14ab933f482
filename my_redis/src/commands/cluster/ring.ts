import { command } from "../../dispatch/command.ts";
import { CommandError } from "../../protocol/command-error.ts";
import { joinedCluster } from "./joined-cluster.ts";

const facts = { group: "cluster", since: "3.0.0", flags: ["admin", "stale", "no_async_loading"] } as const;

/** Where the nodes agree on their members, the ring's leader answers: see cluster/failover/ring-commands.ts. */
const refuse = (name: string): never => {
  throw new CommandError(
    `ERR ${name} is not possible: self and peers in redis.conf name the members for good. With 'cluster-members agreed' they may come and go`,
  );
};

export const clusterMeet = command({
  ...facts,
  name: "CLUSTER MEET",
  complexity: "O(1)",
  brief: true,
  summary: "Adds a node to the ring, which gets its share of the hash slots.",
  syntax: "ip port [cluster-bus-port:integer]",
  usage: "<ip> <port> [<bus-port>]",
  run(context) {
    joinedCluster(context);
    return refuse("CLUSTER MEET");
  },
});

export const clusterForget = command({
  ...facts,
  name: "CLUSTER FORGET",
  complexity: "O(1)",
  brief: true,
  summary: "Lets a node, and the replicas of its place, leave the ring. Its hash slots go to others first.",
  syntax: "node-id",
  run(context) {
    joinedCluster(context);
    return refuse("CLUSTER FORGET");
  },
});

export const clusterReplicate = command({
  ...facts,
  name: "CLUSTER REPLICATE",
  complexity: "O(1)",
  brief: true,
  summary: "Makes this node, which is a replica, one of another place.",
  syntax: "node-id",
  run(context) {
    joinedCluster(context);
    return refuse("CLUSTER REPLICATE");
  },
});

export const clusterRing = command({
  ...facts,
  name: "CLUSTER RING",
  since: "7.2.0",
  complexity: "O(N) where N is the number of hash slots",
  summary: "Shows or changes the members of the ring and their shares. DRYRUN only says what would move.",
  syntax:
    "(STATUS | {ADD=node [replica...] [REPLICAOF=place] [WEIGHT=weight:integer] [DRYRUN]} | {REMOVE=node [FORCE | REPLICA] [DRYRUN]} | {WEIGHTS {node weight:integer}... [DRYRUN]} | {REBALANCE [DRYRUN]} | {CANCEL [DRYRUN]})",
  usage:
    "STATUS | ADD <host:port> ([<replica> ...] [WEIGHT <weight>] | REPLICAOF <place>) [DRYRUN] | REMOVE <node> [FORCE | REPLICA] [DRYRUN] | WEIGHTS <node> <weight> [...] [DRYRUN] | REBALANCE [DRYRUN] | CANCEL [DRYRUN]",
  run(context) {
    joinedCluster(context);
    return refuse("CLUSTER RING");
  },
});
