import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SeededRandom } from "../../../../tools/seeded-random.ts";
import { temporaryFolder } from "../../../../tools/test-services/index.ts";
import { type OpenServer, startOpenServer } from "../../../src/start-server.ts";
import { loadRdb } from "../../../src/persistence/rdb/rdb-loader.ts";
import { rdbTargetOf } from "../../../src/persistence/snapshot/rdb-target.ts";
import { writeFileNow } from "../../../src/persistence/snapshot/snapshot-file.ts";
import { RespConnection, type Word } from "../../differential/harness/resp-connection.ts";

/** Values around the sizes of the reader's window and of the kernels' memory: they are read in other ways than short ones. */
let server: OpenServer;
let connection: RespConnection;

beforeAll(async () => {
  server = await startOpenServer({ port: 0, memory: true, "enable-debug-command": "yes" });
  connection = await RespConnection.open(server.port, "MyRedis");
});
afterAll(async () => {
  connection.close();
  await server.close();
});

const random = new SeededRandom(7);
const noise = (length: number): Buffer => Buffer.from(Array.from({ length }, () => random.below(256)));
const repeated = (length: number, text: string): Buffer => Buffer.alloc(length, text);

async function expectSameAfterLoading(commands: readonly (readonly Word[])[]): Promise<void> {
  const path = join(temporaryFolder("long-values"), "dump.rdb");
  await connection.reply("FLUSHALL");
  for (const reply of await connection.replies(commands)) expect(reply.sign).not.toBe("-");
  const before = await connection.reply("DEBUG", "DIGEST");
  expect(before.text).toMatch(/^[0-9a-f]{40}$/);
  writeFileNow(server.server, path, "dump");
  await connection.reply("FLUSHALL");
  loadRdb(rdbTargetOf(server.server), path, { beforeLog: false, existing: "refuse" });
  expect(await connection.reply("DEBUG", "DIGEST")).toEqual(before);
}

const kib = 1024;
const lengths = [255 * kib, 256 * kib, 257 * kib, 1024 * kib - 20, 1024 * kib, 1024 * kib + 1, 3000 * kib];

test("sets of which only the last member is too long to be packed are read as they were written, and restored", async () => {
  // Whatever was packed before, such as the small set, must not be taken for the packed members of the next one.
  const sets = [64 * kib - 2, 64 * kib, 70_000, 300 * kib].flatMap((length) => [
    ["SADD", `small ${length}`, "member 65", -515],
    ["SADD", `alone ${length}`, noise(length)],
    ["SADD", `small again ${length}`, "member 66", -516],
    ["SADD", `last of three ${length}`, "a member", -1, noise(length)],
  ]);
  await expectSameAfterLoading(sets);
  for (const [, key] of sets) {
    const payload = (await connection.reply("DUMP", key as string)).text as string;
    await connection.reply("RESTORE", "restored", 0, Buffer.from(payload, "latin1"), "REPLACE");
    expect(await connection.reply("DEBUG", "DIGEST-VALUE", "restored")).toEqual(
      await connection.reply("DEBUG", "DIGEST-VALUE", key as string),
    );
  }
});

for (const compression of ["yes", "no"]) {
  test(`long strings are read as they were written, with rdbcompression ${compression}`, async () => {
    await connection.reply("CONFIG", "SET", "rdbcompression", compression);
    await expectSameAfterLoading([
      ["SET", "short", "value"],
      ...lengths.flatMap((length) => [
        ["SET", `noise ${length}`, noise(length)],
        ["SET", `text ${length}`, repeated(length, "text of a value, ")],
        ["SET", `between ${length}`, "value"],
      ]),
    ]);
  }, 30_000);

  test(`a hash of long fields and values is read as it was written, with rdbcompression ${compression}`, async () => {
    await connection.reply("CONFIG", "SET", "rdbcompression", compression);
    const pairs = lengths.flatMap((length) => [repeated(length, `field ${length} `), repeated(length, "a value, ")]);
    await expectSameAfterLoading([
      ["HSET", "hash", ...pairs, "short", "value", noise(700 * kib), noise(800 * kib)],
      ["RPUSH", "list", ...pairs, "short", noise(300 * kib)],
      ["SADD", "set", ...pairs, "short"],
      ["SET", repeated(300 * kib, "a long key, "), repeated(400 * kib, "its value, ")],
      ["XADD", "stream", "1-1", "field", repeated(500 * kib, "value, ")],
      ["SET", "short", "value"],
    ]);
  }, 30_000);
}

test("a snapshot that is cut within a long string is refused, and so is one with a wrong byte in it", async () => {
  await connection.reply("CONFIG", "SET", "rdbcompression", "no");
  const path = join(temporaryFolder("long-values"), "dump.rdb");
  await connection.reply("FLUSHALL");
  await connection.reply("SET", "first", "value");
  await connection.reply("SET", "long", noise(3000 * kib));
  writeFileNow(server.server, path, "dump");
  const whole = readFileSync(path);
  const load = () => loadRdb(rdbTargetOf(server.server), path, { beforeLog: false, existing: "refuse" });
  for (const size of [whole.length - 9, 2000 * kib, 1100 * kib]) {
    await connection.reply("FLUSHALL");
    writeFileSync(path, whole.subarray(0, size));
    expect(load).toThrow(/are announced where|the file ended/);
  }
  for (const at of [500 * kib, 1100 * kib, 2900 * kib]) {
    await connection.reply("FLUSHALL");
    const wrong = Buffer.from(whole);
    wrong[at] = (wrong[at] as number) ^ 1;
    writeFileSync(path, wrong);
    expect(load).toThrow("the checksum does not fit what is before it");
  }
  await connection.reply("FLUSHALL");
  writeFileSync(path, whole);
  expect(load().keys).toBe(2);
});

test("a compressed key keeps its name while the strings of its value take each other's place", async () => {
  await connection.reply("CONFIG", "SET", "rdbcompression", "yes");
  const strings = Array.from({ length: 600 }, (_, at) => repeated(200, `${at}, `));
  const key = (type: string): Buffer => repeated(2 * kib, `${type}, `);
  await expectSameAfterLoading([
    ["RPUSH", key("list"), ...strings],
    ["SADD", key("set"), ...strings],
    ["HSET", key("hash"), ...strings],
    ["ZADD", key("sorted set"), ...strings.flatMap((each, at) => [at, each])],
    ...strings.map((each, at) => ["XADD", key("stream"), `${at + 1}-1`, "field", each]),
  ]);
});
