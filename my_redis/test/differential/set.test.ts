import { describe, expect, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { startServer } from "../../index.ts";
import { genericSteps } from "./arbitrary-commands.ts";
import { commandOf, keyWord } from "./harness/arbitrary-words.ts";
import {
  type Comparer,
  expectSame,
  expectSameGenerated,
  expectSameLog,
  generatedTimeoutMs,
  sameShape,
  type Step,
  type Word,
} from "./harness/index.ts";
import { RespConnection } from "./harness/resp-connection.ts";
import { setSteps } from "./set-steps.ts";

const redis = requireService("redis");
const numbers = (count: number): number[] => Array.from({ length: count }, (_, at) => at);
const names = (count: number): string[] => numbers(count).map((at) => `member:${at}`);
/** The same type and number of elements. Which elements they are is random. */
const random = (...command: Word[]): Step => ({ command, compare: sameShape });
const sameSet: Comparer = (ours, theirs) =>
  ours.sign === theirs.sign && sorted(ours.items).join() === sorted(theirs.items).join();
const sorted = (items: readonly { readonly text?: string | null }[] | null | undefined): string[] =>
  (items ?? []).map(({ text }) => text ?? "").toSorted();

describe.skipIf(redis.missing)(`sets answer as redis-server does${redis.reason}`, () => {
  test("adding, removing and looking for members", () =>
    expectSame([
      ["SADD", "k", "a", "b", "a", ""],
      ["SADD", "k", "b"],
      ["SCARD", "k"],
      ["SMEMBERS", "k"],
      ["SISMEMBER", "k", "a"],
      ["SISMEMBER", "k", "x"],
      ["SISMEMBER", "none", "x"],
      ["SMISMEMBER", "k", "a", "x", ""],
      ["SMISMEMBER", "none", "a", "x"],
      ["SREM", "k", "a", "x", "a"],
      ["SREM", "k", "b", "", "b"],
      ["EXISTS", "k"],
      ["SREM", "k", "b"],
      ["SCARD", "k"],
      ["SMEMBERS", "k"],
      ["SADD", "k"],
      ["SREM", "k"],
      ["SISMEMBER", "k"],
      ["SMISMEMBER", "k"],
      ["SCARD", "k", "x"],
      ["SMEMBERS", "k", "x"],
    ]));

  test("sets of integers of every width", () =>
    expectSame([
      ["SADD", "k", "5", "-3", "100", "5", "0"],
      ["SMEMBERS", "k"],
      ["SADD", "k", "32767", "-32768"],
      ["SADD", "k", "32768"],
      ["SMISMEMBER", "k", "5", "-3", "100", "0", "32767", "-32768", "32768", "1"],
      ["SADD", "k", "2147483647", "-2147483648"],
      ["SADD", "k", "-2147483649", "9223372036854775807", "-9223372036854775808", "9007199254740993"],
      ["SMEMBERS", "k"],
      ["OBJECT", "ENCODING", "k"],
      ["SISMEMBER", "k", "9007199254740992"],
      ["SISMEMBER", "k", "9007199254740993"],
      ["SISMEMBER", "k", "005"],
      ["SISMEMBER", "k", "x"],
      ["SREM", "k", "9007199254740993", "-2147483649", "5", "x", "7"],
      ["SMEMBERS", "k"],
      ["SADD", "k", "05"],
      ["SMEMBERS", "k"],
      ["OBJECT", "ENCODING", "k"],
      ["SMISMEMBER", "k", "-3", "9223372036854775807", "05", "5"],
      ["SADD", "k", "9223372036854775808"],
      ["SREM", "k", "9223372036854775807"],
      ["SMEMBERS", "k"],
    ]));

  test("sets grow from integers to packed members to tables", () =>
    expectSame([
      ["SADD", "integers", ...numbers(512)],
      ["OBJECT", "ENCODING", "integers"],
      ["SADD", "integers", "512"],
      ["OBJECT", "ENCODING", "integers"],
      ["SADD", "few", ...numbers(100), "x"],
      ["SADD", "few", ...names(50)],
      ["SADD", "many", ...numbers(200), "x"],
      ["SADD", "long", "1", "2", "y".repeat(65)],
      ["SADD", "table", ...names(1000)],
      ["SREM", "table", ...names(990)],
      ["SMEMBERS", "table"],
      ["COPY", "many", "copy"],
      ["RENAME", "copy", "renamed"],
      ["SCARD", "renamed"],
    ]));

  test("SMOVE", () =>
    expectSame([
      ["SADD", "a", "1", "2", "x"],
      ["SADD", "b", "2"],
      ["SMOVE", "a", "b", "1"],
      ["SMOVE", "a", "b", "2"],
      ["SMOVE", "a", "b", "nothing"],
      ["SMOVE", "a", "a", "x"],
      ["SMOVE", "a", "a", "y"],
      ["SMOVE", "a", "new", "x"],
      ["EXISTS", "a"],
      ["SMOVE", "a", "b", "x"],
      ["SET", "s", "text"],
      ["SMOVE", "none", "s", "x"],
      ["SMOVE", "b", "s", "2"],
      ["SMOVE", "s", "b", "2"],
      ["SMOVE", "a", "b"],
    ]));

  test("intersections, unions and differences", () =>
    expectSame([
      ["SADD", "a", "1", "2", "3", "x", "y"],
      ["SADD", "b", "2", "3", "4", "y", "z"],
      ["SADD", "c", ...numbers(600)],
      ["SADD", "d", ...names(300), "x", "3"],
      ["SET", "s", "text"],
      ...["SINTER", "SUNION", "SDIFF"].flatMap((name) => [
        [name, "a"],
        [name, "a", "b"],
        [name, "a", "b", "c"],
        [name, "c", "d", "a", "a"],
        [name, "a", "none"],
        [name, "none", "a"],
        [name, "none", "s"],
        [name, "a", "s"],
        [name],
        [`${name}STORE`, "t", "a", "b"],
        [`${name}STORE`, "t", "c", "d"],
        [`${name}STORE`, "a", "a", "c"],
        [`${name}STORE`, "s2", "none"],
        [`${name}STORE`, "t", "none", "none"],
        ["EXISTS", "t"],
        [`${name}STORE`, "t", "s"],
        [`${name}STORE`, "t"],
        ["SADD", "a", "1", "2", "3", "x", "y"],
      ]),
      ["SINTERSTORE", "s", "a", "b"],
      ["TYPE", "s"],
      ["SET", "expires", "v", "EX", "1000"],
      ["SUNIONSTORE", "expires", "a"],
      ["TTL", "expires"],
    ]));

  test("intersections, unions and differences of large sets alone", () =>
    expectSame([
      ["SADD", "a", ...names(700)],
      ["SADD", "b", ...names(900).slice(300)],
      ["SADD", "c", ...names(1200).slice(600), "small"],
      ...["SINTER", "SUNION", "SDIFF"].flatMap((name) => [
        { command: [name, "a"], compare: sameSet },
        { command: [name, "a", "b", "c"], compare: sameSet },
        { command: [name, "c", "a", "a"], compare: sameSet },
        { command: [name, "b", "b"], compare: sameSet },
        { command: [name, "a", "none"], compare: sameSet },
        [`${name}STORE`, "t", "a", "c"],
        { command: ["SMEMBERS", "t"], compare: sameSet },
        [`${name}STORE`, "b", "b", "a"],
        { command: ["SMEMBERS", "b"], compare: sameSet },
      ]),
      ["SINTERCARD", "3", "a", "b", "c"],
      ["SINTERCARD", "2", "a", "c", "LIMIT", "7"],
    ]));

  test("SINTERCARD", () =>
    expectSame([
      ["SADD", "a", ...numbers(100)],
      ["SADD", "b", ...numbers(50), "x"],
      ["SET", "s", "text"],
      ["SINTERCARD", "2", "a", "b"],
      ["SINTERCARD", "1", "a"],
      ["SINTERCARD", "2", "a", "none"],
      ["SINTERCARD", "2", "a", "s"],
      ["SINTERCARD", "2", "a", "b", "LIMIT", "7"],
      ["SINTERCARD", "2", "a", "b", "limit", "0"],
      ["SINTERCARD", "2", "a", "b", "LIMIT", "1000"],
      ["SINTERCARD", "2", "a", "b", "LIMIT", "-1"],
      ["SINTERCARD", "2", "a", "b", "LIMIT", "x"],
      ["SINTERCARD", "2", "a", "b", "LIMIT"],
      ["SINTERCARD", "2", "a", "b", "x", "1"],
      ["SINTERCARD", "0", "a"],
      ["SINTERCARD", "x", "a"],
      ["SINTERCARD", "-1", "a"],
      ["SINTERCARD", "3", "a", "b"],
      ["SINTERCARD", "2"],
      ["COMMAND", "GETKEYS", "SINTERCARD", "2", "a", "b"],
    ]));

  test("SPOP and SRANDMEMBER", () =>
    expectSame([
      ["SADD", "k", "only"],
      ["SRANDMEMBER", "k"],
      ["SRANDMEMBER", "k", "-3"],
      ["SRANDMEMBER", "k", "5"],
      ["SPOP", "k"],
      ["EXISTS", "k"],
      ["SPOP", "k"],
      ["SPOP", "k", "2"],
      ["SRANDMEMBER", "k"],
      ["SRANDMEMBER", "k", "2"],
      ...[numbers(20), names(20), names(500)].flatMap((members, at): Step[] => [
        ["SADD", `k${at}`, ...members],
        random("SRANDMEMBER", `k${at}`),
        random("SRANDMEMBER", `k${at}`, 10),
        random("SRANDMEMBER", `k${at}`, -40),
        { command: ["SRANDMEMBER", `k${at}`, 1000], compare: sameSet },
        random("SPOP", `k${at}`),
        random("SPOP", `k${at}`, 3),
        random("SPOP", `k${at}`, members.length - 6),
        ["SCARD", `k${at}`],
        ["SRANDMEMBER", `k${at}`, 0],
        ["SPOP", `k${at}`, "0"],
        random("SPOP", `k${at}`, "1000"),
        ["EXISTS", `k${at}`],
      ]),
      ["SADD", "k", "a"],
      ["SPOP", "k", "-1"],
      ["SPOP", "k", "x"],
      ["SPOP", "k", "1", "2"],
      ["SRANDMEMBER", "k", "x"],
      ["SRANDMEMBER", "k", "1", "2"],
      ["SRANDMEMBER", "k", "-9223372036854775808"],
    ]));

  test("SSCAN visits every member", () =>
    expectSame([
      ["SADD", "integers", ...numbers(100)],
      ["SADD", "few", ...names(10), "1"],
      ["SADD", "many", ...names(1000)],
      ...["integers", "few", "many", "none"].flatMap((key): Step[] => [
        { scan: ["SSCAN", key] },
        { scan: ["SSCAN", key, "COUNT", 100] },
        { scan: ["SSCAN", key, "MATCH", "*1*"] },
        { scan: ["SSCAN", key, "MATCH", "*1*", "COUNT", 7] },
      ]),
      ["SSCAN", "few", "x"],
      ["SSCAN", "few", "0", "COUNT", "0"],
      ["SSCAN", "few", "0", "COUNT", "x"],
      ["SSCAN", "few", "0", "TYPE", "set"],
      ["SSCAN", "few", "0", "MATCH"],
    ]));

  test("every command refuses a key of another type", () =>
    expectSame([
      ["SET", "s", "text"],
      ...["SADD", "SREM", "SISMEMBER", "SMISMEMBER"].map((name) => [name, "s", "a"]),
      ...["SMEMBERS", "SCARD", "SPOP", "SRANDMEMBER", "SINTER", "SUNION", "SDIFF"].map((name) => [name, "s"]),
      ["SPOP", "s", "1"],
      ["SRANDMEMBER", "s", "1"],
      ["SSCAN", "s", "0"],
    ]));

  test(
    "generated sequences",
    () =>
      expectSameGenerated({ commands: [...setSteps, ...setSteps, ...genericSteps, commandOf("SET", keyWord, "text")] }),
    generatedTimeoutMs,
  );
});

describe.skipIf(redis.missing)(`the log of sets equals redis-server's${redis.reason}`, () => {
  test("for commands on sets, the random ones by their effects", () =>
    expectSameLog([
      ["SADD", "k", "a", "b"],
      ["SADD", "k", "a"],
      ["SREM", "k", "x"],
      ["SREM", "k", "a", "x"],
      ["SPOP", "k"],
      ["SPOP", "k"],
      ["SADD", "k", "a", "b"],
      ["SPOP", "k", "0"],
      ["SPOP", "k", "2"],
      ["SADD", "k", "a", "b"],
      ["SMOVE", "k", "l", "a"],
      ["SMOVE", "k", "l", "nothing"],
      ["SUNIONSTORE", "t", "k", "l"],
      ["SINTERSTORE", "t", "k", "l"],
      ["SINTERSTORE", "t", "k", "l"],
      ["SDIFFSTORE", "l", "k", "none"],
      ["SRANDMEMBER", "k"],
    ]));
});

describe("sets of MyRedis alone", () => {
  test("OBJECT ENCODING names small sets of anything but integers listpack, as Redis 7.2 does", async () => {
    const server = await startServer({ port: 0, memory: true });
    const connection = await RespConnection.open(server.port, "MyRedis");
    const encodingOf = async (...members: readonly Word[]): Promise<string | null | undefined> => {
      await connection.reply("DEL", "k");
      for (const member of members) await connection.reply("SADD", "k", member);
      return (await connection.reply("OBJECT", "ENCODING", "k")).text;
    };
    expect(await encodingOf("1", "2")).toBe("intset");
    expect(await encodingOf("1", "x")).toBe("listpack");
    expect(await encodingOf("x".repeat(64))).toBe("listpack");
    expect(await encodingOf("x".repeat(65))).toBe("hashtable");
    expect(await encodingOf(...names(128))).toBe("listpack");
    expect(await encodingOf(...names(129))).toBe("hashtable");
    expect(await encodingOf(...numbers(127), "x")).toBe("listpack");
    expect(await encodingOf(...numbers(128), "x")).toBe("hashtable");
    connection.close();
    await server.close();
  });

  test("SPOP and SRANDMEMBER return only members, and distinct ones", async () => {
    const server = await startServer({ port: 0, memory: true });
    const connection = await RespConnection.open(server.port, "MyRedis");
    for (const members of [numbers(300).map(String), names(100), names(3000)]) {
      await connection.reply("SADD", "k", ...members);
      const seen: string[] = [];
      for (const count of [1, 20, 70]) {
        const drawn = sorted((await connection.reply("SRANDMEMBER", "k", count)).items);
        expect(new Set(drawn).size).toBe(count);
        expect(members).toEqual(expect.arrayContaining(drawn));
        seen.push(...sorted((await connection.reply("SPOP", "k", Math.min(count, 20))).items));
      }
      seen.push(...sorted((await connection.reply("SPOP", "k", members.length)).items));
      expect(seen.toSorted()).toEqual(members.toSorted());
    }
    connection.close();
    await server.close();
  });
});
