const nondeterministic = "nondeterministic_output";
const unordered = "nondeterministic_output_order";
const toAllShards = "request_policy:all_shards";
const toAllNodes = "request_policy:all_nodes";
const toShards = "request_policy:multi_shard";
const allSucceed = "response_policy:all_succeeded";
const oneSucceeds = "response_policy:one_succeeded";
const sum = "response_policy:agg_sum";
const special = "response_policy:special";

/** Commands by the hints that Redis gives to proxies about them. */
const table: readonly (readonly [tips: readonly string[], commands: string])[] = [
  [
    [nondeterministic],
    "client|info client|list cluster|bumpepoch cluster|count-failure-reports cluster|getkeysinslot cluster|info " +
      "cluster|links cluster|nodes cluster|replicas cluster|shards cluster|slaves cluster|slots dump hrandfield hscan " +
      "lastsave migrate object|encoding object|freq object|idletime object|refcount pttl spop srandmember sscan time " +
      "ttl xadd xautoclaim xclaim xinfo|consumers xpending xtrim zrandmember zscan",
  ],
  [
    [unordered],
    "command command|docs command|info command|list function|list hgetall hkeys hvals module|list sdiff sinter smembers " +
      "sunion",
  ],
  [
    [toAllShards, allSucceed],
    "flushall flushdb function|delete function|flush function|load function|restore memory|purge ping",
  ],
  [[toShards, sum], "del exists touch unlink"],
  [[toAllNodes, allSucceed], "config|set latency|reset script|flush script|load slowlog|reset"],
  [[toShards, allSucceed], "mset"],
  [[toShards], "mget"],
  [[toShards, "response_policy:agg_min"], "msetnx"],
  [[toAllNodes, nondeterministic], "slowlog|get"],
  [[toAllNodes, sum, nondeterministic], "slowlog|len"],
  [[toAllShards, sum], "dbsize"],
  [[nondeterministic, toAllShards, special], "function|stats info memory|doctor memory|malloc-stats memory|stats"],
  [[toAllShards, "response_policy:agg_min"], "wait"],
  [[toAllShards, "response_policy:agg_logical_and"], "script|exists"],
  [[toAllShards, oneSucceeds], "function|kill script|kill"],
  [[toAllShards, nondeterministic], "randomkey"],
  [[toAllShards, unordered], "keys"],
  [
    [nondeterministic, toAllNodes, special],
    "latency|doctor latency|graph latency|histogram latency|history latency|latest",
  ],
  [[nondeterministic, "request_policy:special"], "scan"],
];

const tipsByName = new Map(table.flatMap(([tips, names]) => names.split(" ").map((name) => [name, tips] as const)));
const none: readonly string[] = [];

/** What COMMAND INFO tells proxies of a command: how it spreads over nodes, and whether its replies vary. */
export const tipsOf = (fullName: string): readonly string[] => tipsByName.get(fullName) ?? none;
