import type { InfoSection } from "./section.ts";

export const persistenceSection: InfoSection = {
  name: "persistence",
  title: "Persistence",
  byDefault: true,
  lines(server) {
    const { settings, keyspace, loading, logFailure, startedAtMs } = server;
    return [
      ["loading", loading ? 1 : 0],
      ["async_loading", 0],
      ["rdb_changes_since_last_save", keyspace.dirty],
      ["rdb_bgsave_in_progress", 0],
      ["rdb_last_save_time", Math.floor(startedAtMs / 1000)],
      ["rdb_last_bgsave_status", "ok"],
      ["rdb_last_bgsave_time_sec", -1],
      ["rdb_current_bgsave_time_sec", -1],
      ["aof_enabled", settings.values.appendonly ? 1 : 0],
      ["aof_rewrite_in_progress", 0],
      ["aof_rewrite_scheduled", 0],
      ["aof_last_rewrite_time_sec", -1],
      ["aof_current_rewrite_time_sec", -1],
      ["aof_last_bgrewrite_status", "ok"],
      ["aof_last_write_status", logFailure === undefined ? "ok" : "err"],
    ];
  },
};
