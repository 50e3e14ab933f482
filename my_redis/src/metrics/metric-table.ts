/** How a field of INFO becomes a metric. */
export interface MetricOfField {
  readonly name: string;
  readonly type: "gauge" | "counter";
  readonly help: string;
  /** The number for a value that is no number, or is of another unit. */
  readonly read?: (value: string) => number;
}

const isOk = (value: string): number => (value === "ok" ? 1 : 0);
const fromMicroseconds = (value: string): number => Number(value) / 1e6;

const gauge = (name: string, help: string, read?: MetricOfField["read"]): MetricOfField => ({
  name: `redis_${name}`,
  type: "gauge",
  help,
  ...(read && { read }),
});
const counter = (name: string, help: string): MetricOfField => ({ name: `redis_${name}`, type: "counter", help });

/**
 * The metrics by the fields of INFO. Where redis_exporter has the same field, this is its name and its type, so that dashboards
 * and alerts work with both. A field that is not here has no metric: a text, or a number that follows from others.
 */
export const metricsOfFields: Readonly<Record<string, MetricOfField>> = {
  uptime_in_seconds: gauge("uptime_in_seconds", "Seconds since the start."),
  process_id: gauge("process_id", "Number of the process."),

  connected_clients: gauge("connected_clients", "Clients, without replicas."),
  blocked_clients: gauge("blocked_clients", "Clients that wait for keys, replicas or their turn at a value."),
  tracking_clients: gauge("tracking_clients", "Clients with CLIENT TRACKING."),
  clients_in_timeout_table: gauge("clients_in_timeout_table", "Clients that wait with a timeout."),
  cluster_connections: gauge("cluster_connections", "Links to other nodes."),
  client_recent_max_input_buffer: gauge(
    "client_recent_max_input_buffer_bytes",
    "Bytes of the longest unfinished request.",
  ),
  client_recent_max_output_buffer: gauge(
    "client_recent_max_output_buffer_bytes",
    "Bytes of the most unread replies of a client.",
  ),
  maxclients: gauge("config_maxclients", "The limit maxclients."),
  admin_clients: gauge("admin_clients", "Clients at the administration port."),
  clients_waiting_for_turn: gauge("clients_waiting_for_turn", "Clients whose requests wait for their turn."),
  overload_refused_connections: counter("overload_refused_connections_total", "Clients refused because of overload."),
  overload_refused_requests: counter("overload_refused_requests_total", "Requests refused because of overload."),

  used_memory: gauge("memory_used_bytes", "Memory of the data and of buffers."),
  used_memory_rss: gauge("memory_used_rss_bytes", "Memory of the process."),
  used_memory_peak: gauge("memory_used_peak_bytes", "The most memory that was used."),
  used_memory_overhead: gauge("memory_used_overhead_bytes", "Used memory that is not data."),
  used_memory_startup: gauge("memory_used_startup_bytes", "Used memory right after the start."),
  used_memory_dataset: gauge("memory_used_dataset_bytes", "Used memory of the data."),
  used_memory_lua: gauge("memory_used_lua_bytes", "Memory of the script engine."),
  allocator_allocated: gauge("allocator_allocated_bytes", "Bytes of records."),
  allocator_active: gauge("allocator_active_bytes", "Bytes of blocks that hold records."),
  allocator_resident: gauge("allocator_resident_bytes", "Bytes of all blocks."),
  maxmemory: gauge("memory_max_bytes", "The limit maxmemory; 0 for none."),
  total_system_memory: gauge("total_system_memory_bytes", "Memory of the machine."),
  mem_fragmentation_ratio: gauge("mem_fragmentation_ratio", "Memory of the process by used memory."),
  mem_not_counted_for_evict: gauge(
    "mem_not_counted_for_eviction_bytes",
    "Used memory that does not count towards maxmemory.",
  ),
  mem_clients_slaves: gauge("mem_clients_slaves", "Bytes that replicas take."),
  mem_clients_normal: gauge("mem_clients_normal", "Bytes that other clients take."),
  lazyfree_pending_objects: gauge("lazyfree_pending_objects", "Values that are still to be freed in the background."),
  number_of_cached_scripts: gauge("number_of_cached_scripts", "Scripts that EVALSHA finds."),

  loading: gauge("loading_dump_file", "1 while data is loaded."),
  rdb_changes_since_last_save: gauge("rdb_changes_since_last_save", "Changes since the last snapshot."),
  rdb_bgsave_in_progress: gauge("rdb_bgsave_in_progress", "1 while a snapshot is written in the background."),
  rdb_last_save_time: gauge("rdb_last_save_timestamp_seconds", "Unix time of the last snapshot."),
  rdb_last_bgsave_status: gauge("rdb_last_bgsave_status", "1 unless the last snapshot failed.", isOk),
  rdb_last_bgsave_time_sec: gauge("rdb_last_bgsave_duration_sec", "Seconds that the last snapshot took."),
  rdb_current_bgsave_time_sec: gauge("rdb_current_bgsave_duration_sec", "Seconds since the running snapshot began."),
  aof_enabled: gauge("aof_enabled", "1 with an append-only log."),
  aof_rewrite_in_progress: gauge("aof_rewrite_in_progress", "1 while the log is rewritten."),
  aof_rewrite_scheduled: gauge("aof_rewrite_scheduled", "1 while a rewrite of the log waits for a snapshot."),
  aof_last_rewrite_time_sec: gauge("aof_last_rewrite_duration_sec", "Seconds that the last rewrite took."),
  aof_current_rewrite_time_sec: gauge("aof_current_rewrite_duration_sec", "Seconds since the running rewrite began."),
  aof_last_bgrewrite_status: gauge("aof_last_bgrewrite_status", "1 unless the last rewrite failed.", isOk),
  aof_last_write_status: gauge("aof_last_write_status", "1 unless the last write to the log failed.", isOk),
  aof_current_size: gauge("aof_current_size_bytes", "Bytes of the log."),
  aof_base_size: gauge("aof_base_size_bytes", "Bytes of the log after its last rewrite."),
  aof_pending_rewrite: gauge("aof_pending_rewrite", "1 while a rewrite of the log waits."),
  aof_delayed_fsync: gauge("aof_delayed_fsync", "Writes that had to wait for a sync."),

  total_connections_received: counter("connections_received_total", "Clients that have connected."),
  total_commands_processed: counter("commands_processed_total", "Commands that were run."),
  total_net_input_bytes: counter("net_input_bytes_total", "Bytes read from clients."),
  total_net_output_bytes: counter("net_output_bytes_total", "Bytes written to clients."),
  rejected_connections: counter("rejected_connections_total", "Clients refused because of maxclients."),
  sync_full: gauge("replica_resyncs_full", "Replicas that got all data."),
  sync_partial_ok: gauge("replica_partial_resync_accepted", "Replicas that went on where they were."),
  sync_partial_err: gauge("replica_partial_resync_denied", "Replicas that could not go on where they were."),
  expired_keys: counter("expired_keys_total", "Keys deleted because their time was over."),
  expired_subkeys: counter("expired_subkeys_total", "Fields of hashes deleted because their time was over."),
  expired_stale_perc: gauge("expired_stale_percentage", "Share of expired keys among those with a time."),
  expired_time_cap_reached_count: gauge("expired_time_cap_reached_total", "Rounds of expiry that ran out of time."),
  evicted_keys: counter("evicted_keys_total", "Keys evicted because of maxmemory."),
  evicted_clients: counter("evicted_clients_total", "Clients disconnected because of maxmemory-clients."),
  keyspace_hits: counter("keyspace_hits_total", "Look-ups of keys that were there."),
  keyspace_misses: counter("keyspace_misses_total", "Look-ups of keys that were missing."),
  pubsub_channels: gauge("pubsub_channels", "Channels with subscribers."),
  pubsub_patterns: gauge("pubsub_patterns", "Patterns with subscribers."),
  latest_fork_usec: gauge("latest_fork_seconds", "Always 0: this server does not fork.", fromMicroseconds),
  migrate_cached_sockets: gauge("migrate_cached_sockets_total", "Connections that MIGRATE keeps."),
  slave_expires_tracked_keys: gauge("slave_expires_tracked_keys", "Keys that a writable replica will expire itself."),
  tracking_total_keys: gauge("tracking_total_keys", "Keys that are tracked for clients."),
  tracking_total_items: gauge("tracking_total_items", "Pairs of a tracked key and a client."),
  tracking_total_prefixes: gauge("tracking_total_prefixes", "Prefixes that are tracked for clients."),
  unexpected_error_replies: counter("unexpected_error_replies", "Errors that come from defects of the server."),
  total_error_replies: counter("total_error_replies", "Error replies."),
  dump_payload_sanitizations: counter("dump_payload_sanitizations", "Payloads that were checked."),
  total_reads_processed: counter("total_reads_processed", "Chunks read from sockets."),
  total_writes_processed: counter("total_writes_processed", "Batches written to sockets."),

  connected_slaves: gauge("connected_slaves", "Replicas."),
  master_link_status: gauge("master_link_up", "1 while the link to the primary is up.", (value) =>
    value === "up" ? 1 : 0,
  ),
  master_last_io_seconds_ago: gauge("master_last_io_seconds_ago", "Seconds since the primary was heard of."),
  master_sync_in_progress: gauge("master_sync_in_progress", "1 while all data comes from the primary."),
  slave_repl_offset: gauge("slave_repl_offset", "Where this replica stands in its primary's stream."),
  master_repl_offset: gauge("master_repl_offset", "Where the stream for replicas stands."),
  second_repl_offset: gauge("second_repl_offset", "Where the stream of the primary before ended; -1 for none."),
  repl_backlog_active: gauge("repl_backlog_is_active", "1 while the stream is kept for replicas that come back."),
  repl_backlog_size: gauge("replication_backlog_bytes", "The most bytes of the stream that are kept."),
  repl_backlog_first_byte_offset: gauge("repl_backlog_first_byte_offset", "Where the kept stream begins."),
  repl_backlog_histlen: gauge("repl_backlog_history_bytes", "Bytes of the stream that are kept."),

  used_cpu_sys: counter("cpu_sys_seconds_total", "Processor time in the system."),
  used_cpu_user: counter("cpu_user_seconds_total", "Processor time in the program."),
  cluster_enabled: gauge("cluster_enabled", "1 for a node of a ring."),
};
