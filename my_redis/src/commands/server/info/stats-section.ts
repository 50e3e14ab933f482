import type { InfoSection } from "./section.ts";

export const statsSection: InfoSection = {
  name: "stats",
  title: "Stats",
  byDefault: true,
  lines({ keyspace, memoryLimit, observers, pubSub }) {
    const { statistics, throughput } = observers;
    const tracked = observers.tracking.totals;
    const { hits, misses, expired, expiredFields, evicted } = keyspace.statistics;
    const kilobytes = (bytes: number): string => (bytes / 1024).toFixed(2);
    return [
      ["total_connections_received", statistics.connectionsReceived],
      ["total_commands_processed", statistics.commandsProcessed],
      ["instantaneous_ops_per_sec", Math.round(throughput.commandsPerSecond)],
      ["total_net_input_bytes", statistics.netInputBytes],
      ["total_net_output_bytes", statistics.netOutputBytes],
      ["instantaneous_input_kbps", kilobytes(throughput.inputBytesPerSecond)],
      ["instantaneous_output_kbps", kilobytes(throughput.outputBytesPerSecond)],
      ["rejected_connections", statistics.connectionsRejected],
      ["sync_full", statistics.fullSyncs],
      ["sync_partial_ok", statistics.partialSyncs],
      ["sync_partial_err", statistics.refusedPartialSyncs],
      ["expired_keys", expired],
      ["expired_subkeys", expiredFields],
      ["expired_stale_perc", (statistics.expiredShare * 100).toFixed(2)],
      ["expired_time_cap_reached_count", statistics.expiryTimeouts],
      ["expire_cycle_cpu_milliseconds", Math.round(statistics.expiryMs)],
      ["evicted_keys", evicted],
      ["evicted_clients", statistics.evictedClients],
      ["total_eviction_exceeded_time", Math.round(memoryLimit.totalExcessMs)],
      ["current_eviction_exceeded_time", Math.round(memoryLimit.currentExcessMs)],
      ["keyspace_hits", hits],
      ["keyspace_misses", misses],
      ["pubsub_channels", pubSub.nameCount("channel")],
      ["pubsub_patterns", pubSub.nameCount("pattern")],
      ["pubsubshard_channels", pubSub.nameCount("shard")],
      ["latest_fork_usec", 0],
      ["total_forks", 0],
      ["migrate_cached_sockets", 0],
      ["slave_expires_tracked_keys", 0],
      ["active_defrag_hits", 0],
      ["active_defrag_misses", 0],
      ["tracking_total_keys", tracked.keys],
      ["tracking_total_items", tracked.items],
      ["tracking_total_prefixes", tracked.prefixes],
      ["unexpected_error_replies", statistics.unexpectedErrors],
      ["total_error_replies", statistics.errorReplies],
      ["dump_payload_sanitizations", 0],
      ["total_reads_processed", statistics.reads],
      ["total_writes_processed", statistics.writes],
      ["client_query_buffer_limit_disconnections", statistics.queryLimitDisconnections],
      ["client_output_buffer_limit_disconnections", statistics.outputLimitDisconnections],
    ];
  },
};
