import { describe, expect, test } from "bun:test";
import { mkdirSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { requireService, startRedisServer, temporaryFolder } from "../../../tools/test-services/index.ts";
import { ask, filesIn, logFolderOf, manifestName, startOn } from "./log-folders.ts";

const redis = requireService("redis");

const logged = (...words: string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
const last = logged("SET", "b", "2");
const [first, second] = ["appendonly.aof.1.incr.aof", "appendonly.aof.2.incr.aof"];
const pathOf = (dir: string): string => join(logFolderOf(dir), first);
const keptBytes = 50;

/** A log of two increments. The first one has lost bytes at its end. */
function cutLog(lostBytes: number, later: string): string {
  const dir = temporaryFolder("log");
  const folder = logFolderOf(dir);
  mkdirSync(folder);
  writeFileSync(join(folder, first), logged("SELECT", "0") + logged("SET", "a", "1") + last);
  truncateSync(pathOf(dir), statSync(pathOf(dir)).size - lostBytes);
  writeFileSync(join(folder, second), later);
  writeFileSync(join(folder, manifestName), `file ${first} seq 1 type i\nfile ${second} seq 2 type i\n`);
  return dir;
}

async function keysOfMyRedis(dir: string): Promise<string> {
  const server = await startOn(dir);
  const keys = await ask(server, ["DBSIZE"]);
  await server.close();
  return keys;
}

async function keysOfRedis(dir: string): Promise<string> {
  const server = await startRedisServer({ args: ["--dir", dir, "--appendonly", "yes"] });
  const keys = await ask(server, ["DBSIZE"]);
  await server.stop();
  return keys;
}

const laterWrite = logged("SELECT", "0") + logged("SET", "c", "3");

describe("an increment that is not the last one and lost its end", () => {
  test("within a command, with data in a later one, refuses every start and stays as it was", async () => {
    const dir = cutLog(3, laterWrite);
    const before = filesIn(dir);
    for (const attempt of [1, 2]) {
      const refusal = await keysOfMyRedis(dir).catch((error: Error) => error.message);
      expect([attempt, refusal]).toEqual([attempt, expect.stringContaining(`${first}: bad at offset ${keptBytes}`)]);
      expect(filesIn(dir)).toEqual(before);
    }
  });

  test("within a command, with no data in a later one, is cut there, and what was lost is kept", async () => {
    const dir = cutLog(3, "");
    expect(await keysOfMyRedis(dir)).toBe("1");
    expect(statSync(pathOf(dir)).size).toBe(keptBytes);
    expect(Object.values(filesIn(dir))).toContain(last.slice(0, -3));
  });

  test("between commands is loaded: without checksums nothing in the files shows the loss", async () => {
    expect(await keysOfMyRedis(cutLog(last.length, laterWrite))).toBe("2");
  });

  describe.skipIf(redis.missing)(`in redis-server${redis.reason}`, () => {
    for (const [what, later, keys] of [
      ["data", laterWrite, "2"],
      ["no data", "", "1"],
    ] as const) {
      test(`within a command, with ${what} in a later one, refuses one start, which cuts it, and not the next`, async () => {
        const dir = cutLog(3, later);
        const refusal = await keysOfRedis(dir).catch((error: Error) => error.message);
        expect(refusal).toContain(`short read while loading the AOF file ${first}`);
        expect(statSync(pathOf(dir)).size).toBe(keptBytes);
        expect(await keysOfRedis(dir)).toBe(keys);
      });
    }

    test("between commands is loaded, too", async () => {
      expect(await keysOfRedis(cutLog(last.length, laterWrite))).toBe("2");
    });
  });
});
