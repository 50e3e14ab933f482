import { describe, expect, test } from "bun:test";
import { appendFileSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { requireService, startRedisServer } from "../../../tools/test-services/index.ts";
import { type RunningServer } from "../../index.ts";
import { ask, copyOf, filesIn, logFolderOf, startOn, writtenLog } from "./log-folders.ts";

const redis = requireService("redis");

const logOf = (dir: string): string => join(logFolderOf(dir), "appendonly.aof.1.incr.aof");

async function logOfLargeValues(options = {}): Promise<string> {
  const dir = await writtenLog(options, false);
  const server = await startOn(dir, options);
  await ask(server, ["SET", "a", "x".repeat(100_000)], ["SET", "b", "y".repeat(100_000)], ["INCR", "n"]);
  await server.close();
  return dir;
}

/** Replaces text in the log of a copy of the folder. */
function changed(dir: string, from: string, to: string, last = false): string {
  const copy = copyOf(dir);
  const bytes = readFileSync(logOf(copy));
  const at = last ? bytes.lastIndexOf(from) : bytes.indexOf(from);
  expect(at).toBeGreaterThan(0);
  bytes.write(to, at, "latin1");
  writeFileSync(logOf(copy), bytes);
  return copy;
}

async function expectRefusal(dir: string, options = {}): Promise<string> {
  const before = filesIn(dir);
  const outcome = await startOn(dir, options).catch((error: Error) => error);
  if (!(outcome instanceof Error)) await outcome.close();
  expect(filesIn(dir)).toEqual(before);
  expect(outcome).toBeInstanceOf(Error);
  const { message } = outcome as Error;
  expect(message).toContain(logOf(dir));
  expect(message).toMatch(/offset \d+/);
  expect(message).toContain("check-aof");
  return message;
}

describe("a damaged log refuses the start, and keeps every byte:", () => {
  test("a length that reaches past the end, with intact checksums behind it", async () => {
    const dir = await logOfLargeValues();
    const message = await expectRefusal(changed(dir, "$100000", "$900000"));
    expect(message).toContain("is damaged");
  });

  test("a length that reaches past the end, in the last write", async () => {
    const dir = await logOfLargeValues();
    await expectRefusal(changed(dir, "$1\r\nn\r\n", "$9\r\nn\r\n", true));
    await expectRefusal(changed(dir, "$4\r\nINCR", "$9\r\nINCR", true));
    await expectRefusal(changed(dir, "*2\r\n$4\r\nINCR", "*9\r\n$4\r\nINCR", true));
  });

  test("a length that reaches past the end, in a log without checksums", async () => {
    const dir = await logOfLargeValues({ "aof-checksum": false });
    await expectRefusal(changed(dir, "$100000", "$900000"), { "aof-checksum": false });
  });

  test("a checksum that was not cut, but changed at the end", async () => {
    const dir = await logOfLargeValues();
    const copy = copyOf(dir);
    const bytes = readFileSync(logOf(copy));
    bytes[bytes.length - 1] = 11;
    writeFileSync(logOf(copy), bytes);
    await expectRefusal(copy);
  });

  test("the end of a transaction that is not readable any more, in a log without checksums", async () => {
    const dir = await logOfLargeValues({ "aof-checksum": false });
    appendFileSync(
      logOf(dir),
      "*1\r\n$5\r\nMULTI\r\n*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n*1\r\n$4\r\nEXEG\r\n*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n",
    );
    await expectRefusal(dir, { "aof-checksum": false });
  });

  for (const writer of ["MyRedis with aof-checksum no", ...(redis.missing ? [] : ["redis-server"])]) {
    test(`a length that reaches past the end, in what ${writer} has added to a log with checksums`, async () => {
      const dir = await writtenLog({}, false);
      const words = [
        ["SET", "a", "x".repeat(100_000)],
        ["SET", "b", "y".repeat(1000)],
        ["INCR", "n"],
      ] as const;
      if (writer === "redis-server") {
        // With `everysec` it replies before it writes while a sync is running, and `stop` would lose the write.
        const args = ["--dir", dir, "--appendonly", "yes", "--appendfsync", "always"];
        const other = await startRedisServer({ args });
        await ask(other, ...words);
        await other.stop();
      } else {
        const server = await startOn(dir, { "aof-checksum": false });
        await ask(server, ...words);
        await server.close();
      }
      const message = await expectRefusal(changed(dir, "$100000", "$900000"));
      expect(message).toContain("a complete command follows at offset");
      await expectRefusal(changed(dir, "$1000\r", "$9000\r"));
    });
  }

  test("a base that ends early", async () => {
    const dir = await writtenLog({ "aof-use-rdb-preamble": false });
    const base = join(logFolderOf(dir), "appendonly.aof.1.base.aof");
    truncateSync(base, readFileSync(base).length - 4);
    const before = filesIn(dir);
    await expect(startOn(dir)).rejects.toThrow(/1\.base\.aof.*offset \d+/);
    expect(filesIn(dir)).toEqual(before);
  });
});

describe("an end that was cut off", () => {
  const cutNames = (dir: string): string[] => Object.keys(filesIn(dir)).filter((name) => name.includes(".cut-"));

  async function startAfterCut(dir: string, bytes: number): Promise<[RunningServer, string[]]> {
    truncateSync(logOf(dir), readFileSync(logOf(dir)).length - bytes);
    const messages: string[] = [];
    const server = await startOn(dir, { environment: { report: (_level, text) => void messages.push(text) } });
    return [server, messages];
  }

  test("is removed, after it was copied beside the log; INFO and the server's messages name the copy", async () => {
    const dir = await logOfLargeValues();
    const whole = readFileSync(logOf(dir));
    const [server, messages] = await startAfterCut(dir, 40);
    expect(await ask(server, ["MGET", "a", "n"])).toBe(`${"x".repeat(100_000)} 3`);
    const [copy = ""] = cutNames(dir);
    expect(messages.join("\n")).toContain(copy);
    expect(await ask(server, ["INFO", "persistence"])).toContain(`aof_last_cut_copy:${join(dir, copy)}\r\n`);
    await server.close();
    const start = Number(/\.cut-(\d+)/.exec(copy)?.[1]);
    const cut = readFileSync(join(dir, copy));
    expect(cut).toEqual(whole.subarray(start, whole.length - 40));
    expect(readFileSync(logOf(dir))).toEqual(whole.subarray(0, start));
  });

  test("leaves at most eight copies", async () => {
    const dir = await logOfLargeValues();
    for (let round = 0; round < 10; round++) {
      const [server] = await startAfterCut(dir, 3);
      await ask(server, ["SET", `round:${round}`, "1"]);
      await server.close();
    }
    expect(cutNames(dir).length).toBeLessThanOrEqual(8);
    expect(cutNames(dir).length).toBeGreaterThan(0);
  });
});
