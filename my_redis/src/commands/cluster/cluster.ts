import { container } from "../../dispatch/container.ts";
import { clusterFailover } from "./failover.ts";
import { fixedTopology } from "./fixed-topology.ts";
import { clusterForget, clusterMeet, clusterReplicate, clusterRing } from "./ring.ts";
import { clusterCountkeysinslot, clusterGetkeysinslot, clusterKeyslot } from "./slot-keys.ts";
import { clusterCountFailureReports, clusterInfo, clusterLinks, clusterMyshardid } from "./state.ts";
import { clusterMyid, clusterNodes, clusterReplicas, clusterShards, clusterSlaves, clusterSlots } from "./topology.ts";

export const cluster = container({
  name: "CLUSTER",
  group: "cluster",
  since: "3.0.0",
  complexity: "Depends on subcommand.",
  summary: "Groups the commands about the nodes of the cluster and their hash slots.",
  flags: [],
  helpSince: "5.0.0",
  subcommands: [
    ...fixedTopology,
    clusterCountFailureReports,
    clusterCountkeysinslot,
    clusterFailover,
    clusterForget,
    clusterGetkeysinslot,
    clusterInfo,
    clusterKeyslot,
    clusterLinks,
    clusterMeet,
    clusterMyid,
    clusterMyshardid,
    clusterNodes,
    clusterReplicas,
    clusterReplicate,
    clusterRing,
    clusterShards,
    clusterSlaves,
    clusterSlots,
  ],
});
