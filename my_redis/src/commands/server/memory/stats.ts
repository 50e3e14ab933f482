import { command } from "../../../dispatch/command.ts";
import type { ReplyWriter } from "../../../protocol/reply-writer.ts";
import type { Services } from "../../../dispatch/context.ts";
import { memoryUse } from "./memory-use.ts";

const facts = { group: "server", since: "4.0.0", flags: [], arity: 2 } as const;

export const memoryStats = command({
  ...facts,
  name: "MEMORY STATS",
  complexity: "O(1)",
  brief: true,
  summary: "Returns how memory is used, in bytes and shares.",
  tips: ["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
  run({ server }, _args, reply) {
    const lines = statistics(server);
    const databases = server.keyspace.databases.filter(({ size }) => size > 0);
    reply.map(lines.length + databases.length);
    for (const { number, keys, expires } of databases) {
      reply.bulkText(`db.${number}`);
      reply.map(2);
      replyNumber("overhead.hashtable.main", keys.memoryBytes, reply);
      replyNumber("overhead.hashtable.expires", expires.memoryBytes, reply);
    }
    for (const [name, value] of lines) {
      if (Number.isInteger(value)) {
        replyNumber(name, value, reply);
      } else {
        reply.bulkText(name);
        reply.double(String(value));
      }
    }
  },
});

function replyNumber(name: string, value: number, reply: ReplyWriter): void {
  reply.bulkText(name);
  reply.integer(value);
}

function statistics(server: Services): [string, number][] {
  const memory = memoryUse(server);
  const residentBytes = server.environment.residentBytes();
  const keys = server.keyspace.databases.reduce((sum, { size }) => sum + size, 0);
  const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
  return [
    ["peak.allocated", memory.peakBytes],
    ["total.allocated", memory.usedBytes],
    ["startup.allocated", 0],
    ["replication.backlog", 0],
    ["clients.slaves", 0],
    ["clients.normal", memory.clientBytes],
    ["cluster.links", memory.linkBytes],
    ["aof.buffer", server.changes.pendingBytes],
    ["lua.caches", 0],
    ["functions.caches", 0],
    ["overhead.total", memory.overheadBytes],
    ["keys.count", keys],
    ["keys.bytes-per-key", Math.round(share(memory.usedBytes, keys))],
    ["dataset.bytes", memory.datasetBytes],
    ["dataset.percentage", share(memory.datasetBytes, memory.usedBytes) * 100],
    ["peak.percentage", share(memory.usedBytes, memory.peakBytes) * 100],
    ["allocator.allocated", memory.heapBytes],
    ["allocator.active", memory.reservedBytes],
    ["allocator.resident", memory.reservedBytes],
    ["allocator-fragmentation.ratio", share(memory.reservedBytes, memory.heapBytes)],
    ["allocator-fragmentation.bytes", memory.reservedBytes - memory.heapBytes],
    ["fragmentation", share(residentBytes, memory.usedBytes)],
    ["fragmentation.bytes", residentBytes - memory.usedBytes],
  ];
}

export const memoryDoctor = command({
  ...facts,
  name: "MEMORY DOCTOR",
  complexity: "O(1)",
  brief: true,
  summary: "Describes in words whether memory is used well.",
  tips: ["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
  run({ server }, _args, reply) {
    reply.verbatim("txt", `${adviceFor(server)}\n`);
  },
});

/** With less data than this, no advice is given. */
const littleBytes = 5 * 1024 * 1024;

function adviceFor(server: Services): string {
  const memory = memoryUse(server);
  if (memory.usedBytes < littleBytes) return "There is too little data to say anything about its memory.";
  const advice: string[] = [];
  if (memory.reservedBytes > memory.heapBytes * 1.4) {
    advice.push("More than a quarter of the heap is empty blocks: they fill up again as data is written.");
  }
  if (memory.peakBytes > memory.usedBytes * 1.5) advice.push("At its peak the data took half as much again as now.");
  return advice.length === 0 ? "The memory is used well." : advice.join("\n");
}

export const memoryMallocStats = command({
  ...facts,
  name: "MEMORY MALLOC-STATS",
  complexity: "O(1)",
  brief: true,
  summary: "Describes the heap of records.",
  tips: ["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
  run({ server }, _args, reply) {
    const { heapBytes, reservedBytes } = memoryUse(server);
    reply.verbatim("txt", `record heap: ${heapBytes} bytes in blocks, ${reservedBytes} bytes in pages\n`);
  },
});

export const memoryPurge = command({
  ...facts,
  name: "MEMORY PURGE",
  complexity: "O(1)",
  brief: true,
  summary: "Returns OK without an effect: empty segments of the heap are always given back to the system at once.",
  tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
  run(_context, _args, reply) {
    reply.ok();
  },
});
