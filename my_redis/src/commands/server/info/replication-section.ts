import type { PrimaryStatus, ReplicaStatus } from "../../../dispatch/ports.ts";
import type { SettingValues } from "../../../settings/settings.ts";
import { clusterState } from "../../cluster/state.ts";
import type { InfoLine, InfoSection } from "./section.ts";

const states = {
  waits: "wait_bgsave",
  "gets snapshot": "send_bulk",
  "has snapshot": "send_bulk",
  online: "online",
} as const;

function replicaLine(replica: ReplicaStatus, index: number): InfoLine {
  const { ackedOffset, address, getsSnapshotAsTaken, lagSeconds, port, state } = replica;
  // To Redis, a replica waits for a snapshot until all of it has been taken.
  const shown = states[state === "gets snapshot" && getsSnapshotAsTaken ? "waits" : state];
  return [`slave${index}`, `ip=${address},port=${port},state=${shown},offset=${ackedOffset},lag=${lagSeconds}`];
}

/** What a replica says about its primary and itself. */
function primaryLines(primary: PrimaryStatus, offset: number, values: SettingValues): InfoLine[] {
  const { host, port, state, silentSeconds, downSeconds, retrySeconds, snapshot, waitsForSnapshot } = primary;
  const total = snapshot?.totalBytes ?? 0;
  const received = snapshot?.receivedBytes ?? 0;
  return [
    ["master_host", host],
    ["master_port", port],
    ["master_link_status", state === "connected" ? "up" : "down"],
    ["master_last_io_seconds_ago", silentSeconds],
    ["master_sync_in_progress", state === "sync" ? 1 : 0],
    ["slave_read_repl_offset", offset],
    ["slave_repl_offset", offset],
    ...(snapshot === undefined
      ? []
      : ([
          ["master_sync_total_bytes", total],
          ["master_sync_read_bytes", received],
          ["master_sync_left_bytes", total - received],
          ["master_sync_perc", total === 0 ? "0.00" : ((received / total) * 100).toFixed(2)],
          ["master_sync_last_io_seconds_ago", snapshot.silentSeconds],
        ] as const)),
    ...(downSeconds === undefined ? [] : ([["master_link_down_since_seconds", downSeconds]] as const)),
    ["slave_priority", values["replica-priority"]],
    ["slave_read_only", values["replica-read-only"] ? 1 : 0],
    ["replica_announced", values["replica-announced"] ? 1 : 0],
    // Redis has no such fields.
    ...(waitsForSnapshot ? ([["master_stream_waits_for_snapshot", 1]] as const) : []),
    ...(retrySeconds === undefined ? [] : ([["master_link_retry_in_seconds", retrySeconds]] as const)),
  ];
}

export const replicationSection: InfoSection = {
  name: "replication",
  title: "Replication",
  byDefault: true,
  lines: ({ process: { runId }, replication, settings }) => {
    const status = replication?.status;
    const { backlog, primary } = status ?? {};
    const { values } = settings;
    const countsGood = values["min-replicas-to-write"] > 0 && values["min-replicas-max-lag"] > 0;
    return [
      ["role", primary === undefined ? "master" : "slave"],
      ...(primary === undefined ? [] : primaryLines(primary, status?.offset ?? 0, values)),
      ["connected_slaves", status?.replicas.length ?? 0],
      ...(countsGood ? ([["min_slaves_good_slaves", replication?.goodReplicas ?? 0]] as const) : []),
      ...(status?.replicas.map(replicaLine) ?? []),
      ["master_failover_state", status?.failover ?? "no-failover"],
      ["master_replid", status?.id ?? runId],
      ["master_replid2", status?.secondId ?? "0".repeat(40)],
      ["master_repl_offset", status?.offset ?? 0],
      ["second_repl_offset", status?.secondOffset ?? -1],
      ["repl_backlog_active", backlog === undefined ? 0 : 1],
      ["repl_backlog_size", values["repl-backlog-size"]],
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
