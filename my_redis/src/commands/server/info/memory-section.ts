import { memoryUse } from "../memory/memory-use.ts";
import { humanBytes, type InfoSection } from "./section.ts";

export const memorySection: InfoSection = {
  name: "memory",
  title: "Memory",
  byDefault: true,
  lines(server) {
    const { values } = server.settings;
    const { environment } = server;
    const residentBytes = environment.residentBytes();
    const { memoryBytes } = environment.machine;
    const memory = memoryUse(server);
    const { start = 0, end = 0 } = server.replication?.status.backlog ?? {};
    const streamBytes = end - start;
    const backlogBytes = Math.min(streamBytes, values["repl-backlog-size"]);
    return [
      ["used_memory", memory.usedBytes],
      ["used_memory_human", humanBytes(memory.usedBytes)],
      ["used_memory_rss", residentBytes],
      ["used_memory_rss_human", humanBytes(residentBytes)],
      ["used_memory_peak", memory.peakBytes],
      ["used_memory_peak_human", humanBytes(memory.peakBytes)],
      ["used_memory_peak_perc", `${percent(memory.usedBytes, memory.peakBytes)}%`],
      ["used_memory_overhead", memory.overheadBytes],
      ["used_memory_startup", 0],
      ["used_memory_dataset", memory.datasetBytes],
      ["used_memory_dataset_perc", `${percent(memory.datasetBytes, memory.usedBytes)}%`],
      ["allocator_allocated", memory.heapBytes],
      ["allocator_active", memory.reservedBytes],
      ["allocator_resident", memory.reservedBytes],
      ["total_system_memory", memoryBytes],
      ["total_system_memory_human", humanBytes(memoryBytes)],
      ["maxmemory", values.maxmemory],
      ["maxmemory_human", humanBytes(values.maxmemory)],
      ["maxmemory_policy", values["maxmemory-policy"]],
      ["allocator_frag_ratio", ratio(memory.reservedBytes, memory.heapBytes)],
      ["allocator_frag_bytes", Math.max(0, memory.reservedBytes - memory.heapBytes)],
      ["mem_fragmentation_ratio", ratio(residentBytes, memory.usedBytes)],
      ["mem_fragmentation_bytes", residentBytes - memory.usedBytes],
      ["mem_not_counted_for_evict", memory.clientBytes],
      ["mem_replication_backlog", backlogBytes],
      ["mem_total_replication_buffers", streamBytes],
      ["mem_clients_slaves", streamBytes - backlogBytes],
      ["mem_clients_normal", memory.clientBytes],
      ["mem_cluster_links", memory.linkBytes],
      ["mem_aof_buffer", server.changes.pendingBytes],
      ["mem_allocator", "my_redis-heap"],
      ["active_defrag_running", 0],
      ["lazyfree_pending_objects", server.keyspace.pendingReleases],
      ["lazyfreed_objects", server.keyspace.statistics.lazyfreed],
    ];
  },
};

const percent = (part: number, whole: number): string => (whole === 0 ? 0 : (part / whole) * 100).toFixed(2);
const ratio = (part: number, whole: number): string => (whole === 0 ? 1 : part / whole).toFixed(2);
