import type { Services } from "../../../dispatch/context.ts";
import type { LogStorage } from "../../../dispatch/ports.ts";
import type { InfoSection } from "./section.ts";

const status = (failed: boolean): string => (failed ? "err" : "ok");

/** Seconds since a moment of the monotonic clock; -1 when there was none. */
const secondsSince = (server: Services, startedMs: number | undefined): number =>
  startedMs === undefined ? -1 : Math.floor((server.clock.monotonicMs - startedMs) / 1000);

/** A snapshot here needs no child process and no copy-on-write, so Redis's lines about them say zero. */
export const persistenceSection: InfoSection = {
  name: "persistence",
  title: "Persistence",
  byDefault: true,
  lines(server) {
    const { changes, execution, keyspace, replication, storage } = server;
    const { log, snapshots } = storage ?? {};
    const rewriter = log?.rewriter;
    const work = snapshots?.work ?? rewriter?.work;
    const taken = work?.snapshot.taken ?? 0;
    const total = work?.snapshot.total ?? 0;
    return [
      ["loading", execution.isLoading ? 1 : 0],
      ["async_loading", replication?.status.primary?.isLoading === true ? 1 : 0],
      ["current_cow_peak", 0],
      ["current_cow_size", 0],
      ["current_cow_size_age", 0],
      ["current_fork_perc", total === 0 ? "0.00" : ((100 * taken) / total).toFixed(2)],
      ["current_save_keys_processed", taken],
      ["current_save_keys_total", total],
      ["rdb_changes_since_last_save", snapshots?.changes ?? keyspace.changes],
      ["rdb_bgsave_in_progress", snapshots?.inProgress === true || replication?.isTakingSnapshot === true ? 1 : 0],
      ["rdb_last_save_time", Math.floor((snapshots?.lastSaveMs ?? server.process.startedAtMs) / 1000)],
      ["rdb_last_bgsave_status", status(snapshots?.lastFailed === true)],
      ["rdb_last_bgsave_time_sec", snapshots?.lastSeconds ?? -1],
      ["rdb_current_bgsave_time_sec", secondsSince(server, snapshots?.startedMs)],
      ["rdb_saves", snapshots?.saves ?? 0],
      ["rdb_last_cow_size", 0],
      ["rdb_last_load_keys_expired", snapshots?.lastLoad.expired ?? 0],
      ["rdb_last_load_keys_loaded", snapshots?.lastLoad.keys ?? 0],
      ["aof_enabled", log?.isOn === true ? 1 : 0],
      ["aof_rewrite_in_progress", rewriter?.startedMs === undefined ? 0 : 1],
      ["aof_rewrite_scheduled", rewriter?.isScheduled === true ? 1 : 0],
      ["aof_last_rewrite_time_sec", rewriter?.lastSeconds ?? -1],
      ["aof_current_rewrite_time_sec", secondsSince(server, rewriter?.startedMs)],
      ["aof_last_bgrewrite_status", status(rewriter?.lastFailed === true)],
      ["aof_rewrites", rewriter?.count ?? 0],
      ["aof_rewrites_consecutive_failures", rewriter?.failuresInRow ?? 0],
      ["aof_last_write_status", status(changes.failure !== undefined)],
      ["aof_last_cow_size", 0],
      ["module_fork_in_progress", 0],
      ["module_fork_last_cow_size", 0],
      ...(log?.isOn === true ? sizes(log, changes.pendingBytes) : []),
    ];
  },
};

function sizes(log: LogStorage, pendingBytes: number): [string, number | string][] {
  return [
    ["aof_last_cut_copy", log.lastCutCopy],
    ["aof_current_size", log.bytes],
    ["aof_base_size", log.rewriter.baseBytes],
    ["aof_pending_rewrite", 0],
    ["aof_buffer_length", pendingBytes + log.unwrittenBytes],
    ["aof_pending_bio_fsync", log.isSyncing ? 1 : 0],
    ["aof_delayed_fsync", log.delayedSyncs],
  ];
}
