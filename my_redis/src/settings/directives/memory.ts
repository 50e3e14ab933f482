import { choice, integer, maxInt64, maxUint64, memory, yesNo } from "../value-kinds.ts";

const noDefragmentation = "memory comes in pages of one block size, which fill up again by themselves";

/** Limits on the memory of the data, its packed forms, and how memory is freed. */
export const memoryDirectives = {
  maxmemory: memory({
    default: 0,
    max: maxUint64,
    summary: "Memory for data above which keys are evicted, or writes refused; 0 for no limit.",
  }),
  "maxmemory-policy": choice(
    [
      "volatile-lru",
      "volatile-lfu",
      "volatile-random",
      "volatile-ttl",
      "allkeys-lru",
      "allkeys-lfu",
      "allkeys-random",
      "noeviction",
    ],
    {
      default: "noeviction",
      summary: "Which keys are evicted when memory is full; with noeviction writes are refused.",
    },
  ),
  "maxmemory-samples": integer({
    default: 5,
    min: 1,
    summary: "Keys that are looked at to find the one that is evicted: more is more exact, and slower.",
  }),
  "maxmemory-eviction-tenacity": integer({
    default: 10,
    max: 100,
    summary: "How long one request may be held up by eviction, from 0 to 100.",
  }),
  "lfu-log-factor": integer({
    default: 10,
    summary: "How slowly the counter of accesses of the LFU policies saturates.",
  }),
  "lfu-decay-time": integer({
    default: 1,
    summary: "Minutes after which the counter of accesses of the LFU policies is lowered; 0 for never.",
  }),
  "replica-ignore-maxmemory": yesNo({
    default: true,
    alias: "slave-ignore-maxmemory",
    summary: "A replica leaves eviction to its primary.",
  }),
  "lazyfree-lazy-eviction": yesNo({
    default: false,
    summary: "Frees evicted values in the background.",
    unused: "large values are always freed in the background",
  }),
  "lazyfree-lazy-expire": yesNo({
    default: false,
    summary: "Frees expired values in the background.",
    unused: "large values are always freed in the background",
  }),
  "lazyfree-lazy-server-del": yesNo({
    default: false,
    summary: "Frees overwritten values in the background.",
    unused: "large values are always freed in the background",
  }),
  "lazyfree-lazy-user-del": yesNo({
    default: false,
    summary: "Makes DEL free in the background, as UNLINK does.",
    unused: "large values are always freed in the background",
  }),
  "lazyfree-lazy-user-flush": yesNo({
    default: false,
    summary: "Makes FLUSHDB and FLUSHALL free in the background unless they say SYNC.",
    unused: "large values are always freed in the background",
  }),
  "replica-lazy-flush": yesNo({
    default: false,
    alias: "slave-lazy-flush",
    summary: "Frees a replica's old data in the background when it is loaded anew.",
  }),
  "hash-max-listpack-entries": integer({
    default: 512,
    max: maxInt64,
    alias: "hash-max-ziplist-entries",
    summary: "Fields up to which a hash is kept as one packed piece of memory.",
  }),
  "hash-max-listpack-value": memory({
    default: 64,
    alias: "hash-max-ziplist-value",
    summary: "Longest field or value, in bytes, of a packed hash.",
  }),
  "list-max-listpack-size": integer({
    default: -2,
    min: -2147483648,
    alias: "list-max-ziplist-size",
    summary: "Elements of a packed list or list node; -1 to -5 mean 4, 8, 16, 32, 64 kilobytes.",
  }),
  "list-compress-depth": integer({
    default: 0,
    summary: "Nodes at each end of a list that stay uncompressed.",
    unused: "lists are not compressed",
  }),
  "set-max-intset-entries": integer({
    default: 512,
    max: maxInt64,
    summary: "Members up to which a set of integers is kept as a sorted array of integers.",
  }),
  "set-max-listpack-entries": integer({
    default: 128,
    max: maxInt64,
    summary: "Members up to which a set is kept as one packed piece of memory.",
  }),
  "set-max-listpack-value": memory({
    default: 64,
    summary: "Longest member, in bytes, of a packed set.",
  }),
  "zset-max-listpack-entries": integer({
    default: 128,
    max: maxInt64,
    alias: "zset-max-ziplist-entries",
    summary: "Members up to which a sorted set is kept as one packed piece of memory.",
  }),
  "zset-max-listpack-value": memory({
    default: 64,
    alias: "zset-max-ziplist-value",
    summary: "Longest member, in bytes, of a packed sorted set.",
  }),
  "hll-sparse-max-bytes": memory({
    default: 3000,
    summary: "Bytes up to which a HyperLogLog keeps its sparse form.",
  }),
  "stream-node-max-bytes": memory({
    default: 4096,
    summary: "Bytes of one node of a stream; 0 for no limit.",
  }),
  "stream-node-max-entries": integer({
    default: 100,
    max: maxInt64,
    summary: "Entries of one node of a stream; 0 for no limit.",
  }),
  activedefrag: yesNo({
    default: false,
    summary: "Moves values about to bring free memory together.",
    unused: noDefragmentation,
  }),
  "active-defrag-cycle-min": integer({
    default: 1,
    min: 1,
    max: 99,
    summary: "Least percentage of processor time for defragmentation.",
    unused: noDefragmentation,
  }),
  "active-defrag-cycle-max": integer({
    default: 25,
    min: 1,
    max: 99,
    summary: "Greatest percentage of processor time for defragmentation.",
    unused: noDefragmentation,
  }),
  "active-defrag-threshold-lower": integer({
    default: 10,
    max: 1000,
    summary: "Percentage of fragmentation at which defragmentation begins.",
    unused: noDefragmentation,
  }),
  "active-defrag-threshold-upper": integer({
    default: 100,
    max: 1000,
    summary: "Percentage of fragmentation at which it works hardest.",
    unused: noDefragmentation,
  }),
  "active-defrag-ignore-bytes": memory({
    default: 100 * 1024 * 1024,
    min: 1,
    summary: "Fragmentation below which nothing is done.",
    unused: noDefragmentation,
  }),
  "active-defrag-max-scan-fields": integer({
    default: 1000,
    min: 1,
    max: maxInt64,
    summary: "Fields of one value that defragmentation handles at a time.",
    unused: noDefragmentation,
  }),
};
