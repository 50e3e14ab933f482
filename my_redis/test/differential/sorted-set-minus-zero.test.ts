import { describe, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { expectSame, type Step } from "./harness/index.ts";

const redis = requireService("redis");

describe.skipIf(redis.missing)(`scores of minus zero are those of redis-server${redis.reason}`, () => {
  test("a score of minus zero keeps its sign, or loses it, in the same commands", () => {
    const steps = (key: string): Step[] => [
      ["ZADD", key, "-0", "a", "0", "b", "1", "c"],
      ["ZRANGE", key, 0, -1, "WITHSCORES"],
      ["ZADD", key, "CH", "0", "a"],
      ["ZINCRBY", key, "-0", "d"],
      ["ZADD", key, "INCR", "-0", "d"],
      ["ZMSCORE", key, "a", "b", "d"],
      ["ZRANGE", key, "-0", "0", "BYSCORE", "WITHSCORES"],
      ["ZUNIONSTORE", "u", 1, key, "WEIGHTS", "-1"],
      ["ZRANGE", "u", 0, -1, "WITHSCORES"],
      ["ZRANGESTORE", "r", key, 0, -1],
      ["ZRANGE", "r", 0, -1, "WITHSCORES"],
      ["COPY", key, "copy", "REPLACE"],
      ["ZRANGE", "copy", 0, -1, "WITHSCORES"],
      ["ZPOPMIN", key, 2],
    ];
    return expectSame([
      ...steps("packed"),
      ["CONFIG", "SET", "zset-max-listpack-entries", 0],
      ...steps("large"),
      ["CONFIG", "SET", "zset-max-listpack-entries", 128],
    ]);
  });
});
