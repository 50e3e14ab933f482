import { describe, expect, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { startServer } from "../../index.ts";
import { genericSteps } from "./arbitrary-commands.ts";
import { commandOf, keyWord } from "./harness/arbitrary-words.ts";
import { expectSame, expectSameGenerated, expectSameLog, generatedTimeoutMs } from "./harness/index.ts";
import { RespConnection } from "./harness/resp-connection.ts";
import { listSteps } from "./list-steps.ts";

const redis = requireService("redis");
const pushes = ["LPUSH", "RPUSH", "LPUSHX", "RPUSHX"];
const numbers = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

describe.skipIf(redis.missing)(`lists answer as redis-server does${redis.reason}`, () => {
  test("pushing and popping at both ends", () =>
    expectSame([
      ...pushes.map((name) => [name, "none"]),
      ["LPUSHX", "none", "a"],
      ["RPUSHX", "none", "a"],
      ["LPUSH", "k", "a", "b", "c"],
      ["RPUSH", "k", "d", "-5", "", "12345678901234567890"],
      ["LPUSHX", "k", "e", "f"],
      ["RPUSHX", "k", "g"],
      ["LRANGE", "k", "0", "-1"],
      ["LLEN", "k"],
      ["LPOP", "k"],
      ["RPOP", "k"],
      ["LPOP", "k", "3"],
      ["RPOP", "k", "2"],
      ["LPOP", "k", "0"],
      ["RPOP", "k", "100"],
      ["EXISTS", "k"],
      ["LPOP", "k"],
      ["LPOP", "k", "1"],
      ["RPOP", "k", "0"],
      ["LLEN", "k"],
    ]));

  test("invalid counts of elements to pop", () =>
    expectSame([
      ["LPOP", "k", "-1"],
      ["RPUSH", "k", "a"],
      ["LPOP", "k", "-1"],
      ["RPOP", "k", "x"],
      ["RPOP", "k", "9223372036854775808"],
      ["LPOP", "k", "1", "2"],
      ["LPOP"],
      ["LLEN"],
      ["LLEN", "k", "x"],
    ]));

  test("LRANGE and LINDEX accept indexes from either end", () =>
    expectSame([
      ["RPUSH", "k", ...numbers(50)],
      ...[
        [0, -1],
        [10, 20],
        [-5, -1],
        [-100, 3],
        [45, 100],
        [20, 10],
        [50, 60],
        [-1, 0],
        ["x", 1],
        [1, "x"],
        [0, "9223372036854775807"],
        ["-9223372036854775808", 2],
      ].map(([first, last]) => ["LRANGE", "k", first, last] as (string | number)[]),
      ...[0, 24, 25, 49, 50, -1, -50, -51, "x", "9223372036854775807"].map((index) => ["LINDEX", "k", index]),
      ["LINDEX", "none", "x"],
      ["LINDEX", "none", "0"],
      ["LRANGE", "none", "0", "-1"],
    ]));

  test("LSET, LINSERT, LREM and LTRIM", () =>
    expectSame([
      ["LSET", "none", "0", "a"],
      ["LSET", "none", "x", "a"],
      ["LINSERT", "none", "BEFORE", "a", "b"],
      ["LINSERT", "none", "x", "a", "b"],
      ["LREM", "none", "0", "a"],
      ["LREM", "none", "x", "a"],
      ["LTRIM", "none", "0", "1"],
      ["LTRIM", "none", "x", "1"],
      ["RPUSH", "k", "a", "b", "a", "1", "c", "a", "1", "01"],
      ["LSET", "k", "1", "B"],
      ["LSET", "k", "-1", "-70000"],
      ["LSET", "k", "8", "x"],
      ["LSET", "k", "-9", "x"],
      ["LSET", "k", "x", "x"],
      ["LINSERT", "k", "BEFORE", "a", "new"],
      ["LINSERT", "k", "after", "1", "new"],
      ["LINSERT", "k", "AFTER", "nothing", "new"],
      ["LINSERT", "k", "middle", "a", "new"],
      ["LRANGE", "k", "0", "-1"],
      ["LREM", "k", "1", "a"],
      ["LREM", "k", "-1", "a"],
      ["LRANGE", "k", "0", "-1"],
      ["LREM", "k", "-9223372036854775808", "new"],
      ["LREM", "k", "0", "new"],
      ["LREM", "k", "0", "nothing"],
      ["LTRIM", "k", "1", "-2"],
      ["LRANGE", "k", "0", "-1"],
      ["LTRIM", "k", "-100", "100"],
      ["LTRIM", "k", "2", "1"],
      ["EXISTS", "k"],
      ["RPUSH", "k", "a", "a"],
      ["LREM", "k", "0", "a"],
      ["EXISTS", "k"],
    ]));

  test("LPOS with its options", () =>
    expectSame([
      ["RPUSH", "k", "a", "b", "c", "1", "2", "3", "c", "c"],
      ["LPOS", "k", "c"],
      ["LPOS", "k", "3"],
      ["LPOS", "k", "x"],
      ["LPOS", "k", "x", "COUNT", "0"],
      ["LPOS", "none", "x"],
      ["LPOS", "none", "x", "COUNT", "0"],
      ["LPOS", "k", "c", "RANK", "2"],
      ["LPOS", "k", "c", "RANK", "-1"],
      ["LPOS", "k", "c", "RANK", "-2", "COUNT", "2"],
      ["LPOS", "k", "c", "RANK", "4"],
      ["LPOS", "k", "c", "count", "2"],
      ["LPOS", "k", "c", "COUNT", "0", "MAXLEN", "7"],
      ["LPOS", "k", "c", "COUNT", "0", "MAXLEN", "2"],
      ["LPOS", "k", "c", "COUNT", "0", "MAXLEN", "0", "RANK", "-1"],
      ["LPOS", "k", "c", "RANK", "-9223372036854775807"],
      ...["RANK", "COUNT", "MAXLEN"].flatMap((option) =>
        ["0", "-1", "x", "9223372036854775808", ""].map((value) => ["LPOS", "k", "c", option, value]),
      ),
      ["LPOS", "k", "c", "RANK"],
      ["LPOS", "k", "c", "x", "1"],
      ["LPOS", "k"],
    ]));

  test("LMOVE and RPOPLPUSH", () =>
    expectSame([
      ["RPUSH", "a", "1", "two", "3", "four"],
      ["LMOVE", "a", "b", "LEFT", "RIGHT"],
      ["LMOVE", "a", "b", "left", "left"],
      ["LMOVE", "a", "a", "RIGHT", "LEFT"],
      ["LMOVE", "a", "a", "LEFT", "LEFT"],
      ["RPOPLPUSH", "a", "b"],
      ["RPOPLPUSH", "b", "b"],
      ["LRANGE", "a", "0", "-1"],
      ["LRANGE", "b", "0", "-1"],
      ["RPOPLPUSH", "a", "b"],
      ["EXISTS", "a"],
      ["RPOPLPUSH", "a", "b"],
      ["LMOVE", "a", "b", "LEFT", "LEFT"],
      ["LMOVE", "a", "b", "x", "LEFT"],
      ["LMOVE", "a", "b", "LEFT", "x"],
      ["SET", "s", "text"],
      ["LMOVE", "b", "s", "LEFT", "LEFT"],
      ["LMOVE", "s", "b", "LEFT", "LEFT"],
      ["LMOVE", "none", "s", "LEFT", "LEFT"],
      ["LRANGE", "b", "0", "-1"],
    ]));

  test("LMPOP", () =>
    expectSame([
      ["RPUSH", "a", "1", "2", "3"],
      ["RPUSH", "b", "4", "5", "6"],
      ["LMPOP", "2", "none", "a", "LEFT"],
      ["LMPOP", "2", "a", "b", "RIGHT", "COUNT", "5"],
      ["LMPOP", "2", "a", "b", "RIGHT", "COUNT", "2"],
      ["LMPOP", "1", "none", "LEFT"],
      ["LMPOP", "0", "b", "LEFT"],
      ["LMPOP", "x", "b", "LEFT"],
      ["LMPOP", "-1", "b", "LEFT"],
      ["LMPOP", "2", "b", "LEFT"],
      ["LMPOP", "1", "b", "MIDDLE"],
      ["LMPOP", "1", "b", "LEFT", "COUNT"],
      ["LMPOP", "1", "b", "LEFT", "COUNT", "0"],
      ["LMPOP", "1", "b", "LEFT", "COUNT", "x"],
      ["LMPOP", "1", "b", "LEFT", "COUNT", "1", "COUNT", "2"],
      ["LMPOP", "1", "b", "LEFT", "x"],
      ["LMPOP", "9223372036854775807", "b", "LEFT"],
      ["SET", "s", "text"],
      ["LMPOP", "2", "s", "b", "LEFT"],
      ["COMMAND", "GETKEYS", "LMPOP", "2", "a", "b", "LEFT"],
      ["COMMAND", "GETKEYS", "BLMPOP", "0", "2", "a", "b", "LEFT"],
    ]));

  test("every command refuses a key of another type", () =>
    expectSame([
      ["SET", "s", "text"],
      ...pushes.map((name) => [name, "s", "a"]),
      ["LPOP", "s"],
      ["RPOP", "s", "1"],
      ["LLEN", "s"],
      ["LRANGE", "s", "0", "-1"],
      ["LINDEX", "s", "0"],
      ["LSET", "s", "0", "a"],
      ["LINSERT", "s", "BEFORE", "a", "b"],
      ["LREM", "s", "0", "a"],
      ["LTRIM", "s", "0", "1"],
      ["LPOS", "s", "a"],
      ["RPOPLPUSH", "s", "t"],
      ["BLPOP", "s", "0"],
      ["BRPOP", "s", "0"],
      ["BLMOVE", "s", "t", "LEFT", "LEFT", "0"],
      ["BRPOPLPUSH", "s", "t", "0"],
      ["BLMPOP", "0", "1", "s", "LEFT"],
    ]));

  test("large lists, from both ends and in the middle", () =>
    expectSame([
      ["RPUSH", "k", ...numbers(5000)],
      ["LPUSH", "k", ...numbers(5000)],
      ["OBJECT", "ENCODING", "k"],
      ["LLEN", "k"],
      ...[0, 17, 4999, 5000, 9999, -1, -5000, 7321].map((index) => ["LINDEX", "k", index]),
      ["LRANGE", "k", "4000", "6000"],
      ["LINSERT", "k", "BEFORE", "2500", "here"],
      ["LINSERT", "k", "AFTER", "3333", "x".repeat(9000)],
      ["LSET", "k", "5000", "y".repeat(9000)],
      ["LSET", "k", "5001", "z".repeat(3000)],
      ["LPOS", "k", "here"],
      ["LPOS", "k", "4000", "COUNT", "0"],
      ["LREM", "k", "-1", "4000"],
      ...numbers(300).map((at) => ["LREM", "k", "0", at * 3 + 1000]),
      ["LRANGE", "k", "0", "-1"],
      ["COPY", "k", "copy"],
      ["RENAME", "copy", "other"],
      ["LPOP", "k", "3000"],
      ["RPOP", "k", "3000"],
      ["LTRIM", "k", "100", "-100"],
      ["LMOVE", "k", "other", "LEFT", "RIGHT"],
      ["LLEN", "other"],
    ]));

  test("limits of packed lists, set by number of elements or by other sizes", () =>
    expectSame([
      ...[3, -1, 0, 128, -5, -2].flatMap((size) => [
        ["CONFIG", "SET", "list-max-listpack-size", size],
        ["RPUSH", `k${size}`, ...numbers(20), "x".repeat(5000), ...numbers(200)],
        ["LPUSH", `k${size}`, ...numbers(20), "x".repeat(9000), ...numbers(200)],
        ["LINSERT", `k${size}`, "AFTER", "10", "new"],
        ["LSET", `k${size}`, "30", "longer than before"],
        ["LREM", `k${size}`, "0", "7"],
        ["LPOP", `k${size}`, "220"],
        ["LTRIM", `k${size}`, "5", "-3"],
      ]),
    ]));

  test(
    "generated sequences",
    () =>
      expectSameGenerated({
        commands: [...listSteps, ...listSteps, ...genericSteps, commandOf("SET", keyWord, "text")],
      }),
    generatedTimeoutMs,
  );

  test(
    "generated sequences with chunks of few elements",
    async () => {
      try {
        const before = [["CONFIG", "SET", "list-max-listpack-size", "5"]];
        await expectSameGenerated({ commands: listSteps, before, seed: 2 });
      } finally {
        await expectSame([["CONFIG", "SET", "list-max-listpack-size", "-2"]]);
      }
    },
    generatedTimeoutMs,
  );
});

describe.skipIf(redis.missing)(`the log of lists equals redis-server's${redis.reason}`, () => {
  test("for commands on lists, the blocking ones by their effects", () =>
    expectSameLog([
      ["RPUSH", "k", "a", "b", "c", "d", "e", "f"],
      ["LPUSHX", "none", "x"],
      ["LPOP", "k"],
      ["RPOP", "k", "2"],
      ["LPOP", "none"],
      ["LPOP", "k", "0"],
      ["LSET", "k", "0", "z"],
      ["LINSERT", "k", "AFTER", "z", "y"],
      ["LINSERT", "k", "AFTER", "nothing", "y"],
      ["LREM", "k", "0", "nothing"],
      ["LREM", "k", "0", "y"],
      ["LTRIM", "k", "0", "1"],
      ["LTRIM", "none", "0", "1"],
      ["RPUSH", "k", "a", "b", "c", "d", "e", "f", "g", "h"],
      ["LMOVE", "k", "l", "LEFT", "right"],
      ["RPOPLPUSH", "k", "k"],
      ["LMPOP", "2", "none", "k", "LEFT"],
      ["LMPOP", "1", "l", "RIGHT", "COUNT", "10"],
      ["BLPOP", "none", "k", "0"],
      ["BRPOP", "k", "0"],
      ["BLMOVE", "k", "l", "left", "RIGHT", "0"],
      ["BRPOPLPUSH", "k", "l", "0"],
      ["BLMPOP", "0", "1", "k", "RIGHT", "COUNT", "2"],
      ["BLPOP", "none", "0.01"],
      ["BLMPOP", "0", "1", "l", "LEFT", "COUNT", "100"],
    ]));
});

test("OBJECT ENCODING names lists as Redis 7.2 does: listpack while packed, and packed again at half the limit", async () => {
  const server = await startServer({ port: 0, memory: true, "list-max-listpack-size": 4 });
  const connection = await RespConnection.open(server.port, "MyRedis");
  const encoding = async (): Promise<string | null | undefined> =>
    (await connection.reply("OBJECT", "ENCODING", "k")).text;
  await connection.reply("RPUSH", "k", "a", "b", "c", "d");
  expect(await encoding()).toBe("listpack");
  await connection.reply("RPUSH", "k", "e");
  expect(await encoding()).toBe("quicklist");
  await connection.reply("LPOP", "k", "2");
  expect(await encoding()).toBe("quicklist");
  await connection.reply("RPOP", "k");
  expect(await encoding()).toBe("listpack");
  connection.close();
  await server.close();
});
