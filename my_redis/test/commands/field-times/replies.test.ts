import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { type OpenServer, startOpenServer } from "../../../src/start-server.ts";
import { RdbWriter } from "../../../src/persistence/rdb/rdb-writer.ts";
import { sealPayload } from "../../../src/persistence/rdb/dump-payload.ts";
import { showReply } from "../../differential/harness/reply.ts";
import { RespConnection, type Word } from "../../differential/harness/resp-connection.ts";

// Redis has these commands since 7.4 and 8.0. The installed servers are older, so they cannot be compared.

const startMs = 1_700_000_000_000;
let nowMs = startMs;
let running: OpenServer;
let connection: RespConnection;

beforeAll(async () => {
  running = await startOpenServer({ port: 0, memory: true, environment: { nowMs: () => nowMs } });
  connection = await RespConnection.open(running.port, "MyRedis");
  // Only the tests' own commands may remove fields.
  running.server.activeExpiry.enabled = false;
});
beforeEach(async () => {
  nowMs = startMs;
  await connection.reply("FLUSHALL");
});
afterAll(async () => {
  connection.close();
  await running.close();
});

const shown = async (...command: Word[]): Promise<string> => showReply(await connection.reply(...command));
const line = (text: string): Promise<string> => shown(...text.split(" "));
const fieldNames = (count: number): string[] => Array.from({ length: count }, (_, at) => `field:${at}`);

async function createLarge(key: string, count: number): Promise<string[]> {
  const names = fieldNames(count);
  await connection.reply("HSET", key, ...names.flatMap((name) => [name, "value"]));
  return names;
}

describe("the expiry of a field", () => {
  beforeEach(() => connection.reply("HSET", "h", "a", "1", "b", "2", "c", "3"));

  test("is set by HEXPIRE and similar commands, under a condition, and returned by HTTL and similar commands", async () => {
    expect(await line("HEXPIRE h 10 FIELDS 3 a x b")).toBe("*[:1 :-2 :1]");
    expect(await line("HPEXPIRE h 1500 GT FIELDS 2 a c")).toBe("*[:0 :0]");
    expect(await line("HPEXPIRE h 1500 lt FIELDS 2 a c")).toBe("*[:1 :1]");
    expect(await line("HEXPIREAT h 1700000060 XX FIELDS 1 b")).toBe("*[:1]");
    expect(await line("HPEXPIREAT h 1700000060001 NX FIELDS 2 a b")).toBe("*[:0 :0]");
    expect(await line("HTTL h FIELDS 4 a b c x")).toBe("*[:2 :60 :2 :-2]");
    expect(await line("HPTTL h FIELDS 3 a b c")).toBe("*[:1500 :60000 :1500]");
    expect(await line("HEXPIRETIME h FIELDS 3 a b c")).toBe("*[:1700000002 :1700000060 :1700000002]");
    expect(await line("HPEXPIRETIME h FIELDS 2 a b")).toBe("*[:1700000001500 :1700000060000]");
    expect(await line("HPERSIST h FIELDS 3 a a x")).toBe("*[:1 :-1 :-2]");
    expect(await line("HPTTL h FIELDS 1 a")).toBe("*[:-1]");
  });

  test("in the past deletes the field, and the hash with its last field", async () => {
    expect(await line("HEXPIREAT h 1 FIELDS 2 a a")).toBe("*[:2 :-2]");
    expect(await line("HEXPIRE h 0 FIELDS 1 b")).toBe("*[:2]");
    expect(await line("HGETALL h")).toBe('*[$"c" $"3"]');
    expect(await line("HPEXPIREAT h 1699999999999 LT FIELDS 1 c")).toBe("*[:2]");
    expect(await line("EXISTS h")).toBe(":0");
  });

  test("is removed when the field is set again, and kept when its number is changed", async () => {
    await line("HEXPIRE h 10 FIELDS 3 a b c");
    await line("HSET h a 5");
    await line("HINCRBY h b 5");
    await line("HINCRBYFLOAT h c 0.5");
    expect(await line("HTTL h FIELDS 3 a b c")).toBe("*[:-1 :10 :10]");
    expect(await line("HSETNX h b 9")).toBe(":0");
    expect(await line("HTTL h FIELDS 1 b")).toBe("*[:10]");
  });

  test("is kept by renaming, by copying, and by DUMP and RESTORE", async () => {
    await line("HEXPIRE h 10 FIELDS 2 a b");
    await line("COPY h copy");
    await line("RENAME h named");
    const payload = Buffer.from((await connection.reply("DUMP", "named")).text ?? "", "latin1");
    expect(await shown("RESTORE", "restored", "0", payload)).toBe("+OK");
    await line("MOVE restored 1");
    await line("SELECT 1");
    expect(await line("HTTL restored FIELDS 3 a b c")).toBe("*[:10 :10 :-1]");
    await line("SELECT 0");
    for (const key of ["copy", "named"]) expect(await line(`HTTL ${key} FIELDS 3 a b c`)).toBe("*[:10 :10 :-1]");
    nowMs += 10_000;
    for (const key of ["copy", "named"]) expect(await line(`HGETALL ${key}`)).toBe('*[$"c" $"3"]');
  });

  test("is refused beyond the latest possible one", async () => {
    const most = String(2 ** 46 - 1);
    expect(await line(`HPEXPIREAT h ${most} FIELDS 1 a`)).toBe("*[:1]");
    expect(await line("HPEXPIRETIME h FIELDS 1 a")).toBe(`*[:${most}]`);
    const tooLate = (name: string): string => `-ERR invalid expire time in '${name}' command`;
    expect(await line(`HPEXPIREAT h ${2 ** 46} FIELDS 1 a`)).toBe(tooLate("hpexpireat"));
    expect(await line(`HPEXPIRE h ${most} FIELDS 1 a`)).toBe(tooLate("hpexpire"));
    expect(await line("HEXPIRE h 9223372036854775807 FIELDS 1 a")).toBe(tooLate("hexpire"));
    expect(await line("HEXPIREAT h 70368744178 FIELDS 1 a")).toBe(tooLate("hexpireat"));
    expect(await line(`HGETEX h PX ${most} FIELDS 1 a`)).toBe(tooLate("hgetex"));
    expect(await line(`HSETEX h EX ${most} FIELDS 1 a 1`)).toBe(tooLate("hsetex"));
  });
});

describe("HGETDEL", () => {
  test("returns values and deletes their fields, and the hash with its last field", async () => {
    await line("HSET h a 1 b 2");
    expect(await line("HGETDEL h FIELDS 3 a a x")).toBe('*[$"1" $nil $nil]');
    expect(await line("HGETDEL h FIELDS 1 b")).toBe('*[$"2"]');
    expect(await line("EXISTS h")).toBe(":0");
    expect(await line("HGETDEL h FIELDS 1 b")).toBe("*[$nil]");
  });
});

describe("HGETEX", () => {
  test("returns values, and sets or removes expiries", async () => {
    await line("HSET h a 1 b 2");
    expect(await line("HGETEX h FIELDS 2 a x")).toBe('*[$"1" $nil]');
    expect(await line("HGETEX h EX 10 FIELDS 2 a b")).toBe('*[$"1" $"2"]');
    expect(await line("HTTL h FIELDS 2 a b")).toBe("*[:10 :10]");
    expect(await line("HGETEX h PERSIST FIELDS 1 a")).toBe('*[$"1"]');
    expect(await line("HGETEX h PXAT 1700000005000 FIELDS 1 b")).toBe('*[$"2"]');
    expect(await line("HPTTL h FIELDS 2 a b")).toBe("*[:-1 :5000]");
    expect(await line("HGETEX h EXAT 1 FIELDS 2 a b")).toBe('*[$"1" $"2"]');
    expect(await line("EXISTS h")).toBe(":0");
    expect(await line("HGETEX h FIELDS 1 a")).toBe("*[$nil]");
  });
});

describe("HSETEX", () => {
  test("sets fields with an expiry, if none or all of them exist", async () => {
    expect(await line("HSETEX h FXX EX 10 FIELDS 1 a 1")).toBe(":0");
    expect(await line("EXISTS h")).toBe(":0");
    expect(await line("HSETEX h FNX EX 10 FIELDS 2 a 1 b 2")).toBe(":1");
    expect(await line("HSETEX h PX 20 FNX FIELDS 2 b 3 c 3")).toBe(":0");
    expect(await line("HSETEX h FXX KEEPTTL FIELDS 2 a 4 b 5")).toBe(":1");
    expect(await line("HTTL h FIELDS 2 a b")).toBe("*[:10 :10]");
    expect(await line("HSETEX h FIELDS 1 a 6")).toBe(":1");
    expect(await line("HTTL h FIELDS 2 a b")).toBe("*[:-1 :10]");
    expect(await line("HGETALL h")).toBe('*[$"b" $"5" $"a" $"6"]');
  });

  test("with an expiry in the past deletes the fields", async () => {
    await line("HSET h a 1 b 2");
    expect(await line("HSETEX h PXAT 1 FIELDS 2 a 3 c 4")).toBe(":1");
    expect(await line("HGETALL h")).toBe('*[$"b" $"2"]');
    expect(await line("HSETEX other EXAT 0 FIELDS 1 a 1")).toBe(":1");
    expect(await line("EXISTS other")).toBe(":0");
  });
});

describe("invalid requests", () => {
  test.each([
    ["HEXPIRE h 10 FIELDS 1", "-ERR wrong number of arguments for 'hexpire' command"],
    ["HEXPIRE h ten FIELDS 1 a", "-ERR value is not an integer or out of range"],
    ["HEXPIRE h -1 FIELDS 1 a", "-ERR invalid expire time, must be >= 0"],
    ["HEXPIRE h 10 1 a b", "-ERR Mandatory argument FIELDS is missing or not at the right position"],
    ["HEXPIRE h 10 NX XX FIELDS 1 a", "-ERR Mandatory argument FIELDS is missing or not at the right position"],
    ["HEXPIRE h 10 NX FIELDS 1", "-ERR The `numfields` parameter must match the number of arguments"],
    ["HEXPIRE h 10 FIELDS 0 a", "-ERR Parameter `numFields` should be greater than 0"],
    ["HEXPIRE h 10 FIELDS x a", "-ERR Parameter `numFields` should be greater than 0"],
    ["HEXPIRE h 10 FIELDS 2 a", "-ERR The `numfields` parameter must match the number of arguments"],
    ["HEXPIRE h 10 FIELDS 1 a b", "-ERR The `numfields` parameter must match the number of arguments"],
    ["HTTL h FIELDS 1", "-ERR wrong number of arguments for 'httl' command"],
    ["HTTL h FIELD 1 a", "-ERR Mandatory argument FIELDS is missing or not at the right position"],
    ["HPERSIST h FIELDS -1 a", "-ERR Number of fields must be a positive integer"],
    ["HGETDEL h FIELDS 3 a b", "-ERR The `numfields` parameter must match the number of arguments"],
    ["HGETEX h KEEPTTL FIELDS 1 a", "-ERR Mandatory argument FIELDS is missing or not at the right position"],
    ["HGETEX h constructor 10 FIELDS 1 a", "-ERR Mandatory argument FIELDS is missing or not at the right position"],
    ["HSETEX h constructor 10 FIELDS 1 a b", "-ERR unknown argument: constructor"],
    ["HGETEX h EX 10 FIELDS", "-ERR Number of fields must be a positive integer"],
    ["HGETEX h EX -10 FIELDS 1 a", "-ERR invalid expire time, must be >= 0"],
    ["HSETEX h FIELDS 1 a", "-ERR wrong number of arguments for 'hsetex' command"],
    ["HSETEX h FIELDS 2 a 1", "-ERR wrong number of arguments for 'hsetex' command"],
    ["HSETEX h FIELDS 1 a 1 b", "-ERR wrong number of arguments for 'hsetex' command"],
    ["HSETEX h FIELDS 0 a 1", "-ERR invalid number of fields"],
    ["HSETEX h NX FIELDS 1 a 1", "-ERR unknown argument: NX"],
    ["HSETEX h FNX FXX FIELDS 1 a 1", "-ERR Only one of FXX or FNX arguments can be specified"],
    ["HSETEX h EX 1 KEEPTTL FIELDS 1 a 1", "-ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified"],
    ["HSETEX h FNX FNX KEEPTTL EX", "-ERR Only one of FXX or FNX arguments can be specified"],
    ["HSETEX h FNX KEEPTTL FNX EX", "-ERR Only one of FXX or FNX arguments can be specified"],
    ["HEXPIRE s 10 FIELDS 1 a", "-WRONGTYPE Operation against a key holding the wrong kind of value"],
    ["HTTL s FIELDS 1 a", "-WRONGTYPE Operation against a key holding the wrong kind of value"],
    ["HSETEX s FIELDS 1 a 1", "-WRONGTYPE Operation against a key holding the wrong kind of value"],
  ])("%s", async (request, error) => {
    await line("HSET h a 1 b 2");
    await line("SET s text");
    expect(await line(request)).toBe(error);
    expect(await line("HGETALL h")).toBe('*[$"a" $"1" $"b" $"2"]');
  });

  test("for a missing key are still refused", async () => {
    expect(await line("HEXPIRE none 10 FIELDS 2 a b")).toBe("*[:-2 :-2]");
    expect(await line("HTTL none FIELDS 1 a")).toBe("*[:-2]");
    expect(await line("HPERSIST none FIELDS 1 a")).toBe("*[:-2]");
    expect(await line("HEXPIRE none x FIELDS 1 a")).toBe("-ERR value is not an integer or out of range");
    expect(await line("EXISTS none")).toBe(":0");
  });
});

describe("a hash with expiring fields", () => {
  test("is packed until it outgrows the limits, as OBJECT ENCODING says", async () => {
    await line("HSET h a 1");
    await line("HEXPIRE h 10 FIELDS 1 a");
    expect(await line("OBJECT ENCODING h")).toBe('$"listpackex"');
    await line(`HSET h b ${"x".repeat(65)}`);
    expect(await line("OBJECT ENCODING h")).toBe('$"hashtable"');
    expect(await line("HTTL h FIELDS 2 a b")).toBe("*[:10 :-1]");
    const names = fieldNames(513);
    await connection.reply("HSETEX", "g", "EX", 10, "FIELDS", 512, ...names.slice(1).flatMap((name) => [name, "v"]));
    expect(await line("OBJECT ENCODING g")).toBe('$"listpackex"');
    await line("HSET g field:0 v");
    expect(await line("OBJECT ENCODING g")).toBe('$"hashtable"');
    nowMs += 10_000;
    expect(await line("HGETALL g")).toBe('*[$"field:0" $"v"]');
    expect(await line("HGETALL h")).toBe(`*[$"b" $"${"x".repeat(65)}"]`);
  });

  test("that becomes a string keeps no expiries", async () => {
    await line("HSET h a 1");
    await line("HEXPIRE h 10 FIELDS 1 a");
    await line("SET h text");
    nowMs += 10_000;
    running.server.activeExpiry.enabled = true;
    running.server.activeExpiry.run({ effort: 1, nowMs, spent: () => false });
    running.server.activeExpiry.enabled = false;
    expect(await line("GET h")).toBe('$"text"');
  });

  test("is read from the payloads of Redis 7.4 and of its release candidates", async () => {
    const text = (writer: RdbWriter, word: string): void => writer.string(Buffer.from(word));
    for (const [type, key] of [
      [22, "before"],
      [24, "after"],
    ] as const) {
      const writer = new RdbWriter({ compresses: false });
      writer.byte(type);
      if (type === 24) writer.milliseconds(startMs + 5000);
      writer.count(3);
      for (const [name, endMs] of [
        ["a", startMs + 5000],
        ["b", startMs + 9000],
        ["c", 0],
      ] as const) {
        writer.count(type === 22 || endMs === 0 ? endMs : endMs - startMs - 5000 + 1);
        text(writer, name);
        text(writer, "value");
      }
      expect(await shown("RESTORE", key, "0", sealPayload(writer))).toBe("+OK");
      expect(await line(`HPTTL ${key} FIELDS 3 a b c`)).toBe("*[:5000 :9000 :-1]");
    }
  });

  test("is written as Redis 7.4 writes it, and without any expiry as Redis 7.0 does", async () => {
    await line("HSET h a 1 b 2");
    await line("HPEXPIRE h 1000 FIELDS 1 b");
    const payload = Buffer.from((await connection.reply("DUMP", "h")).text ?? "", "latin1");
    const end = Buffer.alloc(8);
    end.writeBigUInt64LE(BigInt(startMs + 1000));
    expect(payload.subarray(0, 9)).toEqual(Buffer.concat([Buffer.from([25]), end]));
    expect(payload.readUInt16LE(payload.length - 10)).toBe(12);
    await line("HPERSIST h FIELDS 1 b");
    const plain = Buffer.from((await connection.reply("DUMP", "h")).text ?? "", "latin1");
    expect([plain[0], plain.readUInt16LE(plain.length - 10)]).toEqual([4, 10]);
  });
});

describe("expired fields", () => {
  test("are invisible to commands on hashes, even if thousands of them have not been deleted yet", async () => {
    const names = await createLarge("h", 3000);
    await connection.reply("HPEXPIRE", "h", 100, "FIELDS", 2995, ...names.slice(5));
    await line("COPY h g");
    nowMs += 100;
    expect(await line("HLEN h")).toBe(":5");
    const left = names.slice(0, 5).map((name) => `$"${name}"`);
    expect((await connection.reply("HKEYS", "h")).items?.map(showReply).toSorted()).toEqual(left);
    expect((await connection.reply("HRANDFIELD", "g", 9)).items?.map(showReply).toSorted()).toEqual(left);
    const [, scanned] = (await connection.reply("HSCAN", "g", 0, "COUNT", 100_000, "NOVALUES")).items ?? [];
    expect(scanned?.items?.map(showReply).toSorted()).toEqual(left);
    const due = names.slice(5);
    expect((await connection.reply("HMGET", "g", ...due)).items?.every(({ text }) => text === null)).toBe(true);
    await line("COPY h again");
    await line("COPY h others");
    expect(await shown("HDEL", "again", ...due)).toBe(":0");
    expect(await shown("HSET", "others", ...due.flatMap((name) => [name, "new"]))).toBe(":2995");
    expect(await line("HTTL others FIELDS 1 field:2999")).toBe("*[:-1]");
    expect(await line("HLEN others")).toBe(":3000");
  });

  test("are deleted in the background, in steps, and the hash with its last field", async () => {
    const names = await createLarge("large", 1000);
    await connection.reply("HPEXPIRE", "large", 100, "FIELDS", 1000, ...names);
    await line("HSETEX small PX 100 FIELDS 2 a 1 b 2");
    await line("HSETEX moved PX 100 FIELDS 1 a 1");
    await line("MOVE moved 1");
    await line("HSETEX later PX 101 FIELDS 1 a 1");
    nowMs += 100;
    const { activeExpiry, keyspace } = running.server;
    activeExpiry.enabled = true;
    const expiredBefore = keyspace.statistics.expiredFields;
    const { timedOut } = activeExpiry.run({ effort: 1, nowMs, spent: () => true });
    expect(timedOut).toBe(true);
    const expiredAtOnce = keyspace.statistics.expiredFields - expiredBefore;
    expect(expiredAtOnce).toBeLessThan(100);
    for (let pass = 0; pass < 100; pass++) activeExpiry.run({ effort: 1, nowMs, spent: () => true });
    activeExpiry.enabled = false;
    expect(keyspace.statistics.expiredFields - expiredBefore).toBe(1003);
    expect(await line("KEYS *")).toBe('*[$"later"]');
    expect((await connection.reply("INFO", "stats")).text).toContain(`expired_subkeys:${expiredBefore + 1003}\r\n`);
    expect((await connection.reply("INFO", "keyspace")).text).toContain("subexpiry=1\r\n");
  });

  test("count as missing in BY and GET of SORT", async () => {
    await line("RPUSH l 1 2");
    await line("HSETEX o_1 PX 100 FIELDS 1 weight 9");
    await line("HSET o_2 weight 5");
    expect(await line("SORT l BY o_*->weight GET # GET o_*->weight")).toBe('*[$"2" $"5" $"1" $"9"]');
    nowMs += 100;
    expect(await line("SORT l BY o_*->weight GET # GET o_*->weight")).toBe('*[$"1" $nil $"2" $"5"]');
    expect(await line("EXISTS o_1")).toBe(":0");
  });

  test("are counted by INFO, as are the hashes that have expiring fields", async () => {
    const hashesWithTimes = async (): Promise<string | undefined> =>
      /subexpiry=(\d+)/.exec((await connection.reply("INFO", "keyspace")).text ?? "")?.[1];
    await line("HSET h a 1 b 2 c 3");
    expect(await hashesWithTimes()).toBeUndefined();
    await line("HPEXPIRE h 100 FIELDS 2 a b");
    await line("COPY h g");
    expect(await hashesWithTimes()).toBe("2");
    await line("HDEL h a");
    await line("HSET h b 5");
    expect(await hashesWithTimes()).toBe("1");
    nowMs += 100;
    await line("HLEN g");
    expect(await hashesWithTimes()).toBeUndefined();
    expect(await line("OBJECT ENCODING g")).toBe('$"listpackex"');
    await line("HEXPIRE g 10 FIELDS 1 c");
    await line("RENAME g f");
    expect(await hashesWithTimes()).toBe("1");
    await line("SET f text");
    expect(await hashesWithTimes()).toBeUndefined();
  });

  test("break a WATCH", async () => {
    await line("HSETEX h PX 100 FIELDS 2 a 1 b 2");
    await line("WATCH h");
    nowMs += 100;
    const other = await RespConnection.open(running.port, "MyRedis");
    expect(showReply(await other.reply("HLEN", "h"))).toBe(":0");
    other.close();
    await line("MULTI");
    await line("PING");
    expect(await line("EXEC")).toBe("*nil");
  });
});

test("keyspace notifications report expiries that are set, and fields that expire", async () => {
  const listener = await RespConnection.open(running.port, "MyRedis");
  await listener.reply("PSUBSCRIBE", "__keyevent@0__:*");
  await line("CONFIG SET notify-keyspace-events KEA");
  const requests = [
    "HSET h a 1 b 2 c 3",
    "HEXPIRE h 100 FIELDS 3 a b x",
    "HEXPIRE h 100 GT FIELDS 1 a",
    "HPERSIST h FIELDS 2 a c",
    "HGETEX h PX 50 FIELDS 1 a",
    "HGETEX h PERSIST FIELDS 1 b",
    "HSETEX h PX 50 FIELDS 1 d 4",
    "HGETDEL h FIELDS 1 c",
  ];
  for (const request of requests) await line(request);
  nowMs += 50;
  await line("HGET h a");
  await line("HSETEX h PXAT 1 FIELDS 1 e 5");
  await line("HEXPIRE h 0 FIELDS 1 b");
  await connection.reply("CONFIG", "SET", "notify-keyspace-events", "");
  await line("PUBLISH __keyevent@0__:end h");
  const events: string[] = [];
  for (let event = ""; event !== "end"; events.push(event)) {
    const { items } = await listener.next();
    event = (items?.[2]?.text ?? "").replace("__keyevent@0__:", "");
  }
  listener.close();
  const expected = "hset hexpire hpersist hexpire hpersist hset hexpire hdel hexpired hset hdel hdel del end";
  expect(events.join(" ")).toBe(expected);
});
