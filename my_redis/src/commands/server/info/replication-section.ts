import { clusterState } from "../../cluster/state.ts";
import type { InfoSection } from "./section.ts";

export const replicationSection: InfoSection = {
  name: "replication",
  title: "Replication",
  byDefault: true,
  lines: ({ process: { runId } }) => [
    ["role", "master"],
    ["connected_slaves", 0],
    ["master_failover_state", "no-failover"],
    ["master_replid", runId],
    ["master_replid2", "0".repeat(40)],
    ["master_repl_offset", 0],
    ["second_repl_offset", -1],
    ["repl_backlog_active", 0],
    ["repl_backlog_size", 0],
    ["repl_backlog_first_byte_offset", 0],
    ["repl_backlog_histlen", 0],
  ],
};

export const clusterSection: InfoSection = {
  name: "cluster",
  title: "Cluster",
  byDefault: true,
  lines: ({ cluster, clients }) =>
    cluster === undefined
      ? [["cluster_enabled", 0]]
      : [["cluster_enabled", 1], ...clusterState(cluster, clients.sessionCount)],
};
