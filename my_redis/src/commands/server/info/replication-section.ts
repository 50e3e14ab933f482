import type { ReplicaStatus } from "../../../dispatch/ports.ts";
import { clusterState } from "../../cluster/state.ts";
import type { InfoLine, InfoSection } from "./section.ts";

const states = {
  waits: "wait_bgsave",
  "gets snapshot": "send_bulk",
  "has snapshot": "send_bulk",
  online: "online",
} as const;

function replicaLine({ ackedOffset, address, lagSeconds, port, state }: ReplicaStatus, index: number): InfoLine {
  return [
    `slave${index}`,
    `ip=${address},port=${port},state=${states[state]},offset=${ackedOffset},lag=${lagSeconds}`,
  ];
}

export const replicationSection: InfoSection = {
  name: "replication",
  title: "Replication",
  byDefault: true,
  lines: ({ process: { runId }, replication, settings }) => {
    const status = replication?.status;
    const { backlog } = status ?? {};
    return [
      ["role", "master"],
      ["connected_slaves", status?.replicas.length ?? 0],
      ...(status?.replicas.map(replicaLine) ?? []),
      ["master_failover_state", "no-failover"],
      ["master_replid", status?.id ?? runId],
      ["master_replid2", status?.secondId ?? "0".repeat(40)],
      ["master_repl_offset", status?.offset ?? 0],
      ["second_repl_offset", status?.secondOffset ?? -1],
      ["repl_backlog_active", backlog === undefined ? 0 : 1],
      ["repl_backlog_size", settings.values["repl-backlog-size"]],
      ["repl_backlog_first_byte_offset", backlog === undefined ? 0 : backlog.start + 1],
      ["repl_backlog_histlen", backlog === undefined ? 0 : backlog.end - backlog.start],
    ];
  },
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
