import { describe, expect, test } from "bun:test";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { requireService, startRedisServer, temporaryFolder, waitUntil } from "../../../tools/test-services/index.ts";
import { checkFiles } from "../../src/check-files.ts";
import { type OpenServer, startOpenServer, type StartOptions } from "../../src/start-server.ts";
import { ask, copyOf, filesIn, logFolderOf } from "./log-folders.ts";

const redis = requireService("redis");
const checksumLine = /#CRC32:[0-9a-f]{8}:[0-9]+\r\n/g;

const incrementOf = (dir: string, sequence: number): string =>
  join(logFolderOf(dir), `appendonly.aof.${sequence}.incr.aof`);

const startOn = (dir: string, options: StartOptions = {}): Promise<OpenServer> =>
  startOpenServer({ port: 0, appendonly: true, dir, "auto-aof-rewrite-percentage": 0, ...options });

/** Begins a new increment, and fails before the old ones are replaced: so all of them stay. */
async function failToRewrite(server: OpenServer): Promise<void> {
  const rewriter = server.server.parts.storage?.log.rewriter;
  if (rewriter === undefined) throw new Error("a server without a log");
  rewriter.onStep = (step) => {
    if (step === "base written") throw new Error("as if the disk were full");
  };
  const before = rewriter.failuresInRow;
  await ask(server, ["BGREWRITEAOF"]);
  await waitUntil(() => rewriter.failuresInRow > before && rewriter.startedMs === undefined, {
    what: "the rewrite to fail",
    timeoutMs: 10_000,
  });
}

/** A log of three increments; n counts the writes: 4, then 4, then 4. */
async function writtenLog(options: StartOptions = {}): Promise<string> {
  const dir = temporaryFolder("gap");
  const server = await startOn(dir, options);
  const writes = Array.from({ length: 4 }, () => ["INCR", "n"]);
  await ask(server, ...writes);
  await failToRewrite(server);
  await ask(server, ...writes);
  await failToRewrite(server);
  await ask(server, ...writes);
  await server.close();
  return dir;
}

async function countOn(dir: string): Promise<string> {
  const server = await startOn(dir);
  const count = await ask(server, ["GET", "n"]);
  await server.close();
  return count;
}

const refusalOf = (dir: string): Promise<string> => countOn(dir).catch((error: Error) => error.message);

/** Where each write of a file ends, behind its checksum. */
const endsOfWrites = (path: string): number[] =>
  [...readFileSync(path, "latin1").matchAll(checksumLine)].map((match) => match.index + match[0].length);

describe("a log of several increments", () => {
  test("is loaded as it was written, also after it was continued, and each increment says what the one before it was", async () => {
    const dir = await writtenLog();
    for (const sequence of [2, 3]) {
      const { length } = readFileSync(incrementOf(dir, sequence - 1));
      expect(readFileSync(incrementOf(dir, sequence), "latin1")).toStartWith(`#AFTER:${sequence - 1}:${length}:`);
    }
    expect(await countOn(dir)).toBe("12");
    const server = await startOn(dir);
    await ask(server, ["INCR", "n"]);
    await failToRewrite(server);
    await ask(server, ["INCR", "n"]);
    await server.close();
    expect(await countOn(dir)).toBe("14");
  });

  for (const sequence of [1, 2]) {
    test(`whose increment ${sequence} was cut exactly between two writes is refused, by check-aof as well, and stays as it was`, async () => {
      const whole = await writtenLog();
      const ends = [0, ...endsOfWrites(incrementOf(whole, sequence)).slice(0, -1)];
      expect(ends.length).toBe(4);
      for (const end of ends) {
        const dir = copyOf(whole);
        const path = incrementOf(dir, sequence);
        const { length } = readFileSync(path);
        truncateSync(path, end);
        const before = filesIn(dir);
        const problem = `${path}: bad at offset ${end}: the file has ${end} bytes, where ${incrementOf(dir, sequence + 1)} says ${length}`;
        for (const _attempt of [1, 2]) expect(await refusalOf(dir)).toStartWith(problem);
        for (const options of [[], ["--fix"]]) {
          const lines: string[] = [];
          expect(checkFiles(["check-aof", ...options, dir], (line) => void lines.push(line))).toBe(1);
          expect(lines.join("\n")).toContain(problem);
        }
        expect(filesIn(dir)).toEqual(before);
      }
    });
  }

  test("with an increment of the same length from another time is refused", async () => {
    const dir = await writtenLog();
    const other = await writtenLog();
    const path = incrementOf(dir, 1);
    // Another value of the same length, with checksums that fit.
    const changed = temporaryFolder("gap");
    const server = await startOn(changed);
    await ask(server, ["INCR", "m"], ["INCR", "m"], ["INCR", "m"], ["INCR", "m"]);
    await server.close();
    const bytes = readFileSync(incrementOf(changed, 1));
    expect(bytes.length).toBe(readFileSync(path).length);
    writeFileSync(path, readFileSync(incrementOf(other, 1)));
    expect(await countOn(dir)).toBe("12");
    writeFileSync(path, bytes);
    expect(await refusalOf(dir)).toStartWith(`${path}: bad at offset`);
  });

  test("whose last increment has no write is continued there after a cut end of the one before it", async () => {
    const dir = await writtenLog();
    truncateSync(incrementOf(dir, 3), 0);
    truncateSync(incrementOf(dir, 2), readFileSync(incrementOf(dir, 2)).length - 3);
    // The last write has lost its checksum, and nothing else.
    const server = await startOn(dir);
    expect(await ask(server, ["GET", "n"])).toBe("8");
    await ask(server, ["INCR", "n"]);
    await server.close();
    expect(readFileSync(incrementOf(dir, 3), "latin1")).toStartWith("#AFTER:2:");
    expect(await countOn(dir)).toBe("9");
  });

  test("whose last increment was cut anywhere in its first write loads what is before it", async () => {
    const whole = await writtenLog();
    const [firstEnd = 0] = endsOfWrites(incrementOf(whole, 3));
    const opening = readFileSync(incrementOf(whole, 3), "latin1").indexOf("\n") + 1;
    // Within the annotation at the beginning, behind it, within the command, and with the whole command.
    for (const length of [
      1,
      4,
      8,
      10,
      14,
      opening - 2,
      opening - 1,
      opening,
      opening + 3,
      firstEnd - 20,
      firstEnd - 1,
    ]) {
      const dir = copyOf(whole);
      truncateSync(incrementOf(dir, 3), length);
      expect([length, ["8", "9"].includes(await refusalOf(dir))]).toEqual([length, true]);
      // What is left of the annotation is removed, and the whole one written again.
      const server = await startOn(dir);
      await ask(server, ["INCR", "n"]);
      await server.close();
      expect(readFileSync(incrementOf(dir, 3), "latin1")).toStartWith("#AFTER:2:");
    }
  }, 30_000);

  test("without checksums says nothing about them, and is loaded", async () => {
    const dir = await writtenLog({ "aof-checksum": false });
    expect(readFileSync(incrementOf(dir, 2), "latin1")).toStartWith("*");
    expect(await countOn(dir)).toBe("12");
  });

  test("is continued with checksums where it had none", async () => {
    const dir = await writtenLog({ "aof-checksum": false });
    const server = await startOn(dir);
    await ask(server, ["INCR", "n"]);
    await failToRewrite(server);
    await ask(server, ["INCR", "n"]);
    await server.close();
    expect(readFileSync(incrementOf(dir, 4), "latin1")).toStartWith("#AFTER:3:");
    expect(await countOn(dir)).toBe("14");
  });

  test.skipIf(redis.missing)(
    `is loaded and continued by redis-server, and then again by MyRedis${redis.reason}`,
    async () => {
      const dir = await writtenLog();
      const theirs = await startRedisServer({ args: ["--dir", dir, "--appendonly", "yes"] });
      expect(await ask(theirs, ["INCR", "n"])).toBe("13");
      await theirs.stop();
      expect(await countOn(dir)).toBe("13");
    },
  );

  test.skipIf(redis.missing)(
    `with a gap is loaded by redis-server, whose rewrite makes a log for both${redis.reason}`,
    async () => {
      const dir = await writtenLog();
      truncateSync(incrementOf(dir, 1), 0);
      expect(await refusalOf(dir)).toContain("bad at offset 0");
      const theirs = await startRedisServer({ args: ["--dir", dir, "--appendonly", "yes"] });
      expect(await ask(theirs, ["GET", "n"], ["BGREWRITEAOF"], ["GET", "n"])).toBe("8");
      const isRewritten = async (): Promise<boolean> =>
        (await ask(theirs, ["INFO", "persistence"])).includes("aof_rewrite_in_progress:0\r\n");
      await waitUntil(isRewritten, { what: "the rewrite", timeoutMs: 10_000 });
      await theirs.stop();
      expect(await countOn(dir)).toBe("8");
    },
  );
});
