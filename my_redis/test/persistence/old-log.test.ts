import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { requireService, startRedisServer, temporaryFolder, waitUntil } from "../../../tools/test-services/index.ts";
import { ask, filesIn, logFolderOf, manifestName, startOn } from "./log-folders.ts";

const redis = requireService("redis");
const set = (key: string): string => `*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$1\r\n1\r\n`;
const oldLogOf = (dir: string): string => join(dir, "appendonly.aof");

/** A data folder with a log as Redis wrote it before version 7. */
function folderWith(log: string): string {
  const dir = temporaryFolder("old-log");
  writeFileSync(oldLogOf(dir), log);
  return dir;
}

const rewritten = (server: { readonly port: number }): Promise<void> =>
  waitUntil(
    async () => {
      const info = await ask(server, ["INFO", "persistence"]);
      return info.includes("aof_rewrite_in_progress:0") && info.includes("aof_rewrite_scheduled:0");
    },
    { what: "the rewrite", timeoutMs: 10_000 },
  );

describe("a log of one file beside the folder", () => {
  test("is loaded at the start, and then moved into the folder", async () => {
    const dir = folderWith(set("a"));
    const server = await startOn(dir);
    expect(await ask(server, ["GET", "a"])).toBe("1");
    await server.close();
    expect(existsSync(oldLogOf(dir))).toBe(false);
    expect(readdirSync(logFolderOf(dir))).toContain("appendonly.aof");
  });

  test("is loaded when a start was interrupted before it was moved", async () => {
    const dir = folderWith(set("a"));
    mkdirSync(logFolderOf(dir));
    writeFileSync(join(logFolderOf(dir), manifestName), "file appendonly.aof seq 1 type b\n");
    const server = await startOn(dir);
    expect(await ask(server, ["GET", "a"])).toBe("1");
    await server.close();
    expect(existsSync(oldLogOf(dir))).toBe(false);
  });

  for (const [what, log] of [
    ["damaged", `${set("a")}${set("b").replace("$3", "$9")}${set("c")}`],
    ["corrupt", `${set("a")}nonsense\r\n${set("c")}`],
  ] as const) {
    test(`that is ${what} refuses the start, and every file stays as it was`, async () => {
      const dir = folderWith(log);
      await expect(startOn(dir)).rejects.toThrow(oldLogOf(dir));
      expect(filesIn(dir)).toEqual({ "appendonly.aof": log });
    });
  }

  test("whose end was cut off is loaded, and the end is kept beside it", async () => {
    const dir = folderWith(set("a") + set("b").slice(0, -4));
    const server = await startOn(dir);
    expect(await ask(server, ["MGET", "a", "b"])).toBe("1 -");
    await server.close();
    expect(readFileSync(join(dir, `appendonly.aof.cut-${set("a").length}`), "latin1")).toBe(set("b").slice(0, -4));
  });

  for (const command of [["CONFIG", "SET", "appendonly", "yes"], ["BGREWRITEAOF"]] as const) {
    test(`is left alone by ${command.join(" ")}`, async () => {
      const dir = folderWith(set("a"));
      const server = await startOn(dir, { appendonly: false });
      await ask(server, ["SET", "b", "2"], command);
      await rewritten(server);
      await server.close();
      expect(readFileSync(oldLogOf(dir), "latin1")).toBe(set("a"));
      const next = await startOn(dir);
      expect(await ask(next, ["MGET", "a", "b"])).toBe("- 2");
      await next.close();
      expect(readFileSync(oldLogOf(dir), "latin1")).toBe(set("a"));
    });

    test.skipIf(redis.missing)(`is left alone by ${command.join(" ")} of redis-server${redis.reason}`, async () => {
      const dir = folderWith(set("a"));
      const server = await startRedisServer({ args: ["--dir", dir, "--appendonly", "no"] });
      await ask(server, ["SET", "b", "2"], command);
      await rewritten(server);
      await server.stop();
      expect(readFileSync(oldLogOf(dir), "latin1")).toBe(set("a"));
    });
  }
});

test("incomplete files of a server that was killed are removed by the next one that writes a log in the folder", async () => {
  const dir = temporaryFolder("leftovers");
  await (await startOn(dir)).close();
  const leftovers = ["temp-rewriteaof-1.aof", "temp-now-1-appendonly.aof.1.base.rdb", "temp-appendonly.aof.manifest"];
  const leave = (): void => {
    for (const name of leftovers) writeFileSync(join(logFolderOf(dir), name), "incomplete");
  };
  const left = (): string[] => readdirSync(logFolderOf(dir)).filter((name) => name.startsWith("temp-"));
  leave();
  await (await startOn(dir)).close();
  expect(left()).toEqual([]);
  for (const command of [["BGREWRITEAOF"], ["CONFIG", "SET", "appendonly", "yes"]] as const) {
    leave();
    const server = await startOn(dir, { appendonly: false });
    await ask(server, command);
    await rewritten(server);
    await server.close();
    expect(left()).toEqual([]);
  }
});
