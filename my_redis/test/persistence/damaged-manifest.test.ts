import { beforeAll, describe, expect, test } from "bun:test";
import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { requireService, startRedisServer, temporaryFolder } from "../../../tools/test-services/index.ts";
import { ask, copyOf, filesIn, logFolderOf, manifestName, startOn, writtenLog } from "./log-folders.ts";

const redis = requireService("redis");
const base = "file appendonly.aof.1.base.rdb seq 1 type b\n";
const first = "file appendonly.aof.1.incr.aof seq 1 type i\n";
const second = "file appendonly.aof.2.incr.aof seq 2 type i\n";

/** Folders with the same three writes: a base and an increment, and two increments. */
let rewritten: string;
let twoIncrements: string;
const manifestOf = (dir: string): string => join(logFolderOf(dir), manifestName);

beforeAll(async () => {
  rewritten = await writtenLog();
  // Without checksums an increment does not say what the one before it was, so that a copy of it can stand in for that.
  twoIncrements = await writtenLog({ "aof-checksum": false });
  const folder = logFolderOf(twoIncrements);
  copyFileSync(join(folder, "appendonly.aof.2.incr.aof"), join(folder, "appendonly.aof.1.incr.aof"));
});

/** Starts on a copy of a folder with this manifest, as Redis writes it: without a checksum. */
async function startWith(dir: string, manifest: string | undefined): Promise<string> {
  const copy = copyOf(dir);
  if (manifest === undefined) rmSync(manifestOf(copy));
  else writeFileSync(manifestOf(copy), manifest);
  const before = filesIn(copy);
  const server = await startOn(copy).catch((error: Error) => error);
  if (!(server instanceof Error)) {
    const value = await ask(server, ["GET", "n"]);
    await server.close();
    return `n = ${value}`;
  }
  expect(filesIn(copy)).toEqual(before);
  expect(server.message).toContain(manifestOf(copy));
  return `refused: ${server.message.replaceAll(logFolderOf(copy), "")}`;
}

describe("a manifest", () => {
  test("as Redis writes it, in any order that Redis reads, is read", async () => {
    expect(await startWith(rewritten, `${base}${second}`)).toBe("n = 3");
    expect(await startWith(rewritten, `${second}${base}`)).toBe("n = 3");
    expect(
      await startWith(rewritten, `# written by hand\nseq 1 type b file appendonly.aof.1.base.rdb\n${second}`),
    ).toBe("n = 3");
    expect(await startWith(rewritten, `${base.trim()} newkey value\n${second}`)).toBe("n = 3");
  });

  const refused: [name: string, manifest: string | undefined, problem: RegExp][] = [
    ["cut after its first line", base, /appendonly\.aof\.2\.incr\.aof .*is not named/],
    ["with only the increment's line left", second, /appendonly\.aof\.1\.base\.rdb .*is not named/],
    ["whose increment has become history", `${base}${second.replace("type i", "type h")}`, /history/],
    ["whose base has become history", `${base.replace("type b", "type h")}${second}`, /history/],
    ["without a byte", "", /is empty/],
    ["with one blank line", "\n", /line 1/],
    ["with a blank line between entries", `${base}\n${second}`, /line 2/],
    ["that names nothing", "# nothing\n", /names no file/],
    ["that is missing beside files of a log", undefined, /is missing/],
    ["with an increment listed twice", `${base}${second}${second}`, /line 3/],
    ["with two bases", `${base}${base}${second}`, /line 2/],
    ["with an odd parameter", `${base.trim()} newkey\n${second}`, /line 1/],
    ["with a parameter twice", `${base.trim()} seq 1\n${second}`, /line 1/],
    ["without its final newline", `${base}${second}`.trimEnd(), /ends without a newline/],
    ["whose number does not fit the file's name", `${base}${second.replace("seq 2", "seq 6")}`, /line 2/],
    ["with a path", `file ../x seq 1 type b\n`, /line 1/],
    ["with a line of over 1024 bytes", `${base}# ${"x".repeat(2000)}\n${second}`, /line 2/],
  ];
  for (const [name, manifest, problem] of refused) {
    test(`${name} refuses the start, and no file changes`, async () => {
      const outcome = await startWith(rewritten, manifest);
      expect(outcome).toMatch(/^refused/);
      expect(outcome).toMatch(problem);
    });
  }

  test("with increments out of order refuses the start, and no file changes", async () => {
    expect(await startWith(twoIncrements, `${base}${first}${second}`)).toBe("n = 5");
    expect(await startWith(twoIncrements, `${base}${second}${first}`)).toMatch(/^refused.*line 3/);
  });

  test("that lacks the lines of later increments refuses the start", async () => {
    expect(await startWith(twoIncrements, `${base}${first}`)).toMatch(/^refused.*2\.incr\.aof/);
  });

  test("of ours has a checksum that finds every change of one bit and every cut", async () => {
    const text = readFileSync(manifestOf(rewritten));
    for (let bit = 0; bit < text.length * 8; bit++) {
      const flipped = Buffer.from(text);
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      const outcome = await startWith(rewritten, flipped.toString("latin1"));
      // A changed name of the checksum makes the line a comment; the entries are as they were.
      if (!outcome.startsWith("refused")) expect([bit, outcome]).toEqual([bit, "n = 3"]);
    }
    for (let length = 0; length < text.length; length++) {
      expect(await startWith(rewritten, text.toString("latin1", 0, length))).toMatch(/^refused/);
    }
  }, 60_000);

  test("of ours keeps a file that it does not name, and never writes over it", async () => {
    const copy = copyOf(rewritten);
    const stray = join(logFolderOf(copy), "appendonly.aof.3.incr.aof");
    writeFileSync(stray, "something");
    const messages: string[] = [];
    const server = await startOn(copy, { environment: { report: (_level, message) => void messages.push(message) } });
    expect(messages.join("\n")).toContain("appendonly.aof.3.incr.aof is not named");
    await ask(server, ["INCR", "n"], ["BGREWRITEAOF"]);
    await server.close();
    expect(readFileSync(stray, "latin1")).toBe("something");
  });

  test.skipIf(redis.missing)(
    `of ours is read by redis-server, and the one it then writes by us${redis.reason}`,
    async () => {
      const copy = copyOf(rewritten);
      // With `everysec` it may reply before it writes, and `stop` would lose the write.
      const args = ["--dir", copy, "--appendonly", "yes", "--appendfsync", "always"];
      const other = await startRedisServer({ args });
      await ask(other, ["INCR", "n"], ["BGREWRITEAOF"]);
      await other.stop();
      expect(readFileSync(manifestOf(copy), "latin1")).not.toContain("#");
      const server = await startOn(copy);
      expect(await ask(server, ["GET", "n"])).toBe("4");
      await server.close();
    },
  );

  test("whose folder is a file refuses the start with a clear error", async () => {
    const dir = temporaryFolder("log");
    writeFileSync(logFolderOf(dir), "a file");
    await expect(startOn(dir)).rejects.toThrow(/appendonlydir.* is a file, not a folder/);
    expect(readFileSync(logFolderOf(dir), "latin1")).toBe("a file");
  });
});
