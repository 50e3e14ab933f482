import { describe, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { expectSame, type Step } from "./harness/index.ts";

const redis = requireService("redis");

/** Keys of these names are strings that expire while the sequence waits. */
const expiring = (...keys: string[]): Step[] => [
  ...keys.map((key): Step => ["SET", key, "v", "PX", 20]),
  { waitMs: 30 },
];

const places: Step = ["GEOADD", "places", 13.3, 38.1, "Palermo"];

const examples: Readonly<Record<string, readonly Step[]>> = {
  "SET and its siblings replace an expired key": [
    ...expiring("a", "b", "c", "d", "e", "f"),
    ["SET", "a", "x"],
    ["SETEX", "b", 1000, "x"],
    ["GETSET", "c", "x"],
    ["MSET", "d", "x", "e", "x"],
    ["SET", "f", "x", "KEEPTTL"],
    ["TTL", "f"],
  ],
  "commands that store a result replace an expired key": [
    places,
    ["SADD", "set", "a"],
    ["ZADD", "zset", 1, "a"],
    ["RPUSH", "list", "a"],
    ["SET", "string", "a"],
    ...expiring("a", "b", "c", "d", "e", "f"),
    ["SINTERSTORE", "a", "set"],
    ["ZUNIONSTORE", "b", 1, "zset"],
    ["ZRANGESTORE", "c", "zset", 0, -1],
    ["SORT", "list", "ALPHA", "STORE", "d"],
    ["BITOP", "NOT", "e", "string"],
    ["GEOSEARCHSTORE", "f", "places", "FROMLONLAT", 13, 38, "BYRADIUS", 200, "km"],
  ],
  "commands that store nothing delete an expired key": [
    places,
    ...expiring("a", "b", "c", "d", "e", "f", "g"),
    ["SINTERSTORE", "a", "none"],
    ["ZUNIONSTORE", "b", 1, "none"],
    ["ZRANGESTORE", "c", "none", 0, -1],
    ["SORT", "none", "STORE", "d"],
    ["BITOP", "NOT", "e", "none"],
    ["GEOSEARCHSTORE", "f", "places", "FROMLONLAT", 100, 0, "BYRADIUS", 1, "m"],
    ["GEORADIUS", "none", 0, 0, 1, "m", "STORE", "g"],
  ],
  "SMOVE without a source looks at its destination": [...expiring("a"), ["SMOVE", "none", "a", "x"]],
  "WATCH leaves an expired key": [
    ...expiring("a", "b", "c"),
    ["WATCH", "a", "b", "c"],
    ["GET", "a"],
    { on: 1, command: ["DEL", "b"] },
    ["MULTI"],
    ["PING"],
    ["EXEC"],
    ["WATCH", "c"],
    { on: 1, command: ["SET", "c", "x"] },
    ["MULTI"],
    ["PING"],
    ["EXEC"],
  ],
  "a watched key that expires breaks the watch, and stays": [
    // Long enough for a slow machine to come to WATCH before.
    ["SET", "a", "v", "PX", 1000],
    ["WATCH", "a"],
    { waitMs: 1050 },
    ["MULTI"],
    ["PING"],
    ["EXEC"],
    ["DBSIZE"],
  ],
  "FLUSHALL, FLUSHDB and SWAPDB with watched expired keys": [
    ...expiring("a", "b"),
    ["WATCH", "a", "b"],
    { on: 1, command: ["SWAPDB", 0, 1] },
    ["MULTI"],
    ["PING"],
    ["EXEC"],
    ["WATCH", "b"],
    { on: 1, command: ["SWAPDB", 0, 1] },
    ["MULTI"],
    ["PING"],
    ["EXEC"],
    ["WATCH", "b"],
    { on: 1, command: ["FLUSHALL"] },
    ["MULTI"],
    ["PING"],
    ["EXEC"],
  ],
  "FLUSHDB and FLUSHALL without keys": [["FLUSHDB"], ["FLUSHALL"]],
  "XREADGROUP looks its streams up twice": [
    ["XADD", "x", "1-1", "f", "v"],
    ["XGROUP", "CREATE", "x", "g", 0],
    ["XGROUP", "CREATECONSUMER", "x", "g", "c"],
    ["XREADGROUP", "GROUP", "g", "c", "STREAMS", "x", ">"],
    ["XREADGROUP", "GROUP", "g", "c", "STREAMS", "x", ">"],
    ["XREADGROUP", "GROUP", "none", "c", "STREAMS", "x", ">"],
    ["XACK", "x", "g", "1-1"],
    ["XACK", "none", "g", "1-1"],
    ["XAUTOCLAIM", "none", "g", "c", 0, "-", "NX"],
  ],
  "XREAD that waits, and is answered": [
    { on: 1, command: ["XREAD", "BLOCK", 0, "STREAMS", "x", "y", "$", "$"], blocks: true },
    ["XADD", "x", "1-1", "f", "v"],
    { awaitReply: 1 },
  ],
  "BLPOP, BLMOVE and BLMPOP that wait, and are answered": [
    { on: 1, command: ["BLPOP", "a", 0], blocks: true },
    { on: 2, command: ["BLMOVE", "b", "to", "LEFT", "LEFT", 0], blocks: true },
    { on: 3, command: ["BLMPOP", 0, 1, "c", "LEFT"], blocks: true },
    { on: 4, command: ["BZPOPMIN", "d", 0], blocks: true },
    ["RPUSH", "a", 1],
    { awaitReply: 1 },
    ["RPUSH", "b", 1],
    { awaitReply: 2 },
    ["RPUSH", "c", 1, 2],
    { awaitReply: 3 },
    ["ZADD", "d", 1, "m"],
    { awaitReply: 4 },
  ],
  "PFCOUNT stores its result without an event": [
    ["PFADD", "p", "a"],
    ["PFCOUNT", "p"],
    ["PFCOUNT", "p"],
  ],
  "CONFIG SET with a name that lacks its value": [["CONFIG", "SET", "maxmemory", 0, "timeout"]],
};

/** The harness finds out with INFO whether a client waits, and not equally often on both servers. */
const asksWhetherBlocked = (steps: readonly Step[]): boolean => steps.some((step) => "blocks" in step);

describe.skipIf(redis.missing)(`counters, changes and events are those of redis-server${redis.reason}`, () => {
  for (const [what, steps] of Object.entries(examples)) {
    test(what, () => {
      const statistics = asksWhetherBlocked(steps) ? ([] as const) : (["statistics"] as const);
      return expectSame(steps, { sideEffects: [...statistics, "notifications", "dirty"] });
    });
  }
});
