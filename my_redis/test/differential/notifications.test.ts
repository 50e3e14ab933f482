import { afterAll, describe, expect, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { expectSame, type Word } from "./harness/index.ts";
import { RespConnection, showCommand } from "./harness/resp-connection.ts";
import { serverPair, type Side } from "./harness/servers.ts";

const redis = requireService("redis");
const far = 4_102_444_800;
/** The result of DUMP for the string "v". */
const dumped = Buffer.from("0001760a009108ceb219388ace", "hex");

/** The messages that each command makes a server publish, one line per command. */
async function publishedBy(side: Side, setting: string, commands: readonly (readonly Word[])[]): Promise<string[]> {
  const port = (await serverPair()).ports[side];
  const [writer, listener] = [await RespConnection.open(port, side), await RespConnection.open(port, side)];
  await writer.replies([["FLUSHALL"], ["CONFIG", "SET", "notify-keyspace-events", setting]]);
  await listener.reply("PSUBSCRIBE", "__key*__:*");
  const lines: string[] = [];
  for (const command of commands) {
    await writer.replies([command, ["PUBLISH", "__key-end__:", ""]]);
    const messages: string[] = [];
    for (;;) {
      const [, , channel, message] = ((await listener.next()).items ?? []).map(({ text }) => text);
      if (channel === "__key-end__:") break;
      messages.push(`${channel} ${message}`);
    }
    lines.push(`${showCommand(command)}: ${messages.join(", ")}`);
  }
  writer.close();
  listener.close();
  return lines;
}

async function expectSameEvents(setting: string, commands: readonly (readonly Word[])[]): Promise<void> {
  const ours = await publishedBy("MyRedis", setting, commands);
  expect(ours).toEqual(await publishedBy("redis-server", setting, commands));
}

describe.skipIf(redis.missing)(`keyspace notifications are those of redis-server${redis.reason}`, () => {
  afterAll(() => expectSame([["CONFIG", "SET", "notify-keyspace-events", ""]]));

  test("of missing keys that a command wants to read", () =>
    expectSameEvents("KEm", [
      ["SET", "k", "v"],
      ["RPUSH", "l", "a"],
      ["GET", "k"],
      ["GET", "none"],
      ["MGET", "k", "none", "other"],
      ["EXISTS", "none", "k"],
      ["TYPE", "none"],
      ["TTL", "none"],
      ["EXPIRETIME", "none"],
      ["OBJECT", "ENCODING", "none"],
      ["DUMP", "none"],
      ["TOUCH", "none"],
      ["STRLEN", "none"],
      ["GETRANGE", "none", "0", "-1"],
      ["BITCOUNT", "none"],
      ["GETSET", "none", "v"],
      ["GETDEL", "missing"],
      ["GETEX", "missing"],
      ["LLEN", "none1"],
      ["LRANGE", "none1", "0", "-1"],
      ["HGET", "none1", "f"],
      ["HGETALL", "none1"],
      ["SCARD", "none1"],
      ["SINTER", "none1", "none2"],
      ["SUNIONSTORE", "target", "none1", "l"],
      ["ZSCORE", "none1", "a"],
      ["ZRANGE", "none1", "0", "-1"],
      ["ZUNIONSTORE", "target", "1", "none1"],
      ["XLEN", "none1"],
      ["XRANGE", "none1", "-", "+"],
      ["XREAD", "STREAMS", "none1", "0"],
      ["PFCOUNT", "none1"],
      ["GEOPOS", "none1", "a"],
      ["SORT", "none1"],
      ["SORT", "l", "BY", "w_*", "GET", "o_*", "GET", "o_*->f"],
      ["COPY", "none1", "none2"],
      ["RENAME", "none1", "none2"],
      ["DEL", "none1"],
      ["EXPIRE", "none1", "10"],
      ["LPOP", "none1"],
      ["HDEL", "none1", "f"],
      ["INCR", "number"],
      ["APPEND", "text", "a"],
      ["BITFIELD", "none1", "GET", "u8", "0"],
      ["LCS", "none1", "none2"],
      ["MEMORY", "USAGE", "none1"],
    ]));

  test("of new keys", () =>
    expectSameEvents("KEAn", [
      ["SET", "k", "v"],
      ["SET", "k", "v", "EX", "1000"],
      ["SET", "k", "v"],
      ["GETSET", "k", "v"],
      ["MSET", "k", "1", "k2", "2"],
      ["MSETNX", "k3", "1", "k4", "2"],
      ["SETNX", "k5", "1"],
      ["APPEND", "text", "a"],
      ["SETRANGE", "range", "2", "a"],
      ["SETBIT", "bits", "2", "1"],
      ["BITFIELD", "field", "SET", "u8", "0", "5"],
      ["INCR", "number"],
      ["INCRBYFLOAT", "float", "1.5"],
      ["BITOP", "NOT", "bits2", "bits"],
      ["BITOP", "NOT", "bits2", "bits"],
      ["RPUSH", "l", "b", "a"],
      ["RPUSH", "l", "c"],
      ["LMOVE", "l", "l2", "LEFT", "LEFT"],
      ["SADD", "s", "a", "b"],
      ["SMOVE", "s", "s2", "a"],
      ["SUNIONSTORE", "s3", "s", "s2"],
      ["SUNIONSTORE", "s3", "s", "s2"],
      ["SINTERSTORE", "s3", "s", "none"],
      ["SORT", "l", "ALPHA", "STORE", "sorted"],
      ["SORT", "l", "ALPHA", "STORE", "sorted"],
      ["SORT", "l", "ALPHA", "STORE", "k"],
      ["HSET", "h", "f", "1"],
      ["HINCRBY", "h2", "f", "1"],
      ["HSETNX", "h3", "f", "1"],
      ["ZADD", "z", "1", "a"],
      ["ZADD", "z2", "XX", "1", "a"],
      ["ZINCRBY", "z3", "1", "a"],
      ["ZUNIONSTORE", "z4", "1", "z"],
      ["ZUNIONSTORE", "z4", "1", "z"],
      ["ZRANGESTORE", "z5", "z", "0", "-1"],
      ["GEOADD", "geo", "13", "38", "a"],
      ["GEOSEARCHSTORE", "geo2", "geo", "FROMMEMBER", "a", "BYRADIUS", "1", "m"],
      ["XADD", "x", "1-1", "f", "v"],
      ["XADD", "x", "1-2", "f", "v"],
      ["XGROUP", "CREATE", "x2", "g", "0", "MKSTREAM"],
      ["PFADD", "hll", "a"],
      ["PFMERGE", "hll2", "hll"],
      ["RENAME", "k2", "renamed"],
      ["RENAME", "k3", "renamed"],
      ["COPY", "h", "copied"],
      ["COPY", "h", "copied", "REPLACE"],
      ["MOVE", "h", "1"],
      ["RESTORE", "restored", "0", dumped],
      ["RESTORE", "restored", "0", dumped, "REPLACE"],
      ["EVAL", "redis.call('SET', KEYS[1], 'v')", "1", "scripted"],
      ["EXPIRE", "k", "1000"],
      ["PERSIST", "k"],
    ]));

  test("of strings and of keys of any type", () =>
    expectSameEvents("KEA", [
      ["SET", "k", "v"],
      ["SET", "k", "v", "EX", "1000"],
      ["SETEX", "k", "1000", "v"],
      ["GET", "k"],
      ["APPEND", "k", "w"],
      ["SETRANGE", "k", "1", "x"],
      ["MSET", "a", "1", "b", "2"],
      ["INCRBY", "a", "5"],
      ["DECR", "a"],
      ["INCRBYFLOAT", "a", "0.5"],
      ["GETDEL", "b"],
      ["SETBIT", "bits", "3", "1"],
      ["EXPIRE", "a", "1000"],
      ["PERSIST", "a"],
      ["EXPIREAT", "a", far],
      ["RENAME", "a", "c"],
      ["COPY", "c", "d"],
      ["MOVE", "d", "1"],
      ["DEL", "c", "none", "k"],
      ["EXPIRE", "bits", "-1"],
      ["SET", "s", "v", "XX"],
    ]));

  test("of lists", () =>
    expectSameEvents("KEA", [
      ["RPUSH", "k", "a", "b", "c", "d", "e", "f"],
      ["LPUSH", "k", "a"],
      ["LPUSHX", "none", "a"],
      ["LPOP", "k"],
      ["RPOP", "k", "2"],
      ["LINSERT", "k", "AFTER", "a", "x"],
      ["LINSERT", "k", "AFTER", "none", "x"],
      ["LSET", "k", "0", "y"],
      ["LREM", "k", "0", "x"],
      ["LREM", "k", "0", "x"],
      ["LTRIM", "k", "0", "1"],
      ["LMOVE", "k", "l", "LEFT", "RIGHT"],
      ["RPOPLPUSH", "k", "l"],
      ["BLPOP", "l", "0"],
      ["LMPOP", "1", "l", "LEFT", "COUNT", "5"],
      ["RPUSH", "k", "a"],
      ["BRPOPLPUSH", "k", "k", "0"],
      ["LTRIM", "k", "1", "0"],
    ]));

  test("of sets", () =>
    expectSameEvents("KEA", [
      ["SADD", "k", "a", "b", "c"],
      ["SADD", "k", "a"],
      ["SREM", "k", "a"],
      ["SREM", "k", "x"],
      ["SMOVE", "k", "l", "b"],
      ["SMOVE", "k", "l", "c"],
      ["SPOP", "l"],
      ["SPOP", "l", "5"],
      ["SADD", "a", "1", "2"],
      ["SADD", "b", "2", "3"],
      ["SUNIONSTORE", "t", "a", "b"],
      ["SINTERSTORE", "t", "a", "b"],
      ["SDIFFSTORE", "t", "a", "b"],
      ["SDIFFSTORE", "t", "a", "a"],
      ["SDIFFSTORE", "t", "a", "a"],
      ["SREM", "a", "1", "2"],
    ]));

  test("of hashes and streams", () =>
    expectSameEvents("KEA", [
      ["HSET", "h", "f", "1", "g", "2"],
      ["HINCRBY", "h", "f", "2"],
      ["HINCRBYFLOAT", "h", "f", "0.5"],
      ["HDEL", "h", "f"],
      ["HDEL", "h", "g"],
      ["XADD", "x", "1-1", "f", "v"],
      ["XADD", "x", "2-1", "f", "v"],
      ["XDEL", "x", "1-1"],
      ["XTRIM", "x", "MAXLEN", "0"],
      ["XGROUP", "CREATE", "x", "g", "0"],
      ["XGROUP", "CREATECONSUMER", "x", "g", "c"],
      ["XGROUP", "DELCONSUMER", "x", "g", "c"],
      ["XGROUP", "SETID", "x", "g", "0"],
      ["XGROUP", "DESTROY", "x", "g"],
      ["XSETID", "x", "5-5"],
    ]));

  test("only of the configured classes and on the configured channels", async () => {
    const commands = [
      ["SET", "k", "v"],
      ["RPUSH", "l", "a"],
      ["SADD", "s", "a"],
      ["HSET", "h", "f", "v"],
      ["XADD", "x", "1-1", "f", "v"],
      ["DEL", "k", "l", "s", "h", "x"],
      ["SET", "gone", "v", "PXAT", "1"],
    ];
    for (const setting of ["K$", "El", "KEs", "Eh", "Kt", "Eg", "Ex", "KE", "A", ""])
      await expectSameEvents(setting, commands);
  });

  test("of a script, in order", () =>
    expectSameEvents("KEA", [
      ["EVAL", "redis.call('SET', 'k', 'w'); redis.call('RPUSH', 'l', 'a'); redis.call('DEL', 'k')", "0"],
    ]));

  test("of an expired key", async () => {
    for (const side of ["MyRedis", "redis-server"] as const) {
      const port = (await serverPair()).ports[side];
      const [writer, listener] = [await RespConnection.open(port, side), await RespConnection.open(port, side)];
      await writer.reply("CONFIG", "SET", "notify-keyspace-events", "Ex");
      await listener.reply("SUBSCRIBE", "__keyevent@0__:expired");
      await writer.reply("SET", "brief", "v", "PX", "5");
      expect((await listener.next()).items?.[2]?.text).toBe("brief");
      writer.close();
      listener.close();
    }
  });
});
