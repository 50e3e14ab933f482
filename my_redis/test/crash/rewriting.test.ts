import { describe, expect, test } from "bun:test";
import { cpSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import {
  requireService,
  startProcess,
  startRedisServer,
  temporaryFolder,
  waitUntil,
} from "../../../tools/test-services/index.ts";
import type { RewriteStep } from "../../src/persistence/aof/log-rewriter.ts";
import { RespConnection } from "../differential/harness/resp-connection.ts";
import { startMyRedis } from "./my-redis-process.ts";

const redis = requireService("redis");

const steps: readonly RewriteStep[] = [
  "increment named",
  "increment begun",
  "base written",
  "base renamed",
  "manifest replaced",
  "history removed",
];

/** Increments counters until the connection breaks, and stores the last acknowledged value of each. */
async function countUntilKilled(port: number, writers: number, counters: Map<string, number>): Promise<void> {
  const write = async (writer: number): Promise<void> => {
    const connection = await RespConnection.open(port, "MyRedis");
    for (let number = 0; ; number++) {
      const key = `counter:${writer}:${number % 10}`;
      const reply = await connection.reply("INCR", key).catch(() => undefined);
      if (reply?.sign !== ":") return;
      counters.set(key, Number(reply.text));
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
}

/**
 * A counter must have its last acknowledged value or one more, because the last write may have been logged without its
 * reply arriving.
 */
async function expectCounters(port: number, counters: ReadonlyMap<string, number>): Promise<void> {
  const connection = await RespConnection.open(port, "restarted");
  const names = [...counters.keys()];
  const replies = await connection.replies([...names.map((name) => ["GET", name]), ["GET", "base:19999"]]);
  const wrong = names.flatMap((name, index) => {
    const [found, acknowledged] = [Number(replies[index]?.text), counters.get(name) as number];
    return found === acknowledged || found === acknowledged + 1 ? [] : [`${name}: ${found}, not ${acknowledged}`];
  });
  expect(wrong).toEqual([]);
  expect(replies.at(-1)?.text).toBe("x");
  connection.close();
}

async function killAt(folder: string, step: RewriteStep, preamble: "yes" | "no"): Promise<Map<string, number>> {
  const program = join(import.meta.dirname, "rewriting-process.ts");
  const started = await startProcess({
    cmd: [process.execPath, program, folder, step, preamble],
    readyWhen: /Ready on port (\d+)/,
  });
  const port = Number(started.readyMatch?.[1]);
  const connection = await RespConnection.open(port, "MyRedis");
  for (let start = 0; start < 20_000; start += 1000) {
    const words = Array.from({ length: 1000 }, (_, index) => [`base:${start + index}`, "x"]).flat();
    await connection.reply("MSET", ...words);
  }
  const counters = new Map<string, number>();
  const counting = countUntilKilled(port, 4, counters);
  await waitUntil(() => counters.size === 40, { timeoutMs: 10_000, what: "writes" });
  expect((await connection.reply("BGREWRITEAOF")).text).toBe("Background append only file rewriting started");
  await counting;
  connection.close();
  return counters;
}

describe("a process that is killed at a step of rewriting its append-only file has lost nothing", () => {
  for (const [index, step] of steps.entries()) {
    test(`'${step}'`, async () => {
      const folder = temporaryFolder("rewriting");
      const counters = await killAt(folder, step, index % 2 === 0 ? "yes" : "no");
      const copy = temporaryFolder("rewriting");
      cpSync(folder, copy, { recursive: true });

      const server = await startMyRedis(folder);
      await expectCounters(server.port, counters);
      // The restarted server works normally: its next rewrite removes what was left.
      const connection = await server.connect();
      expect((await connection.reply("BGREWRITEAOF")).text).toBe("Background append only file rewriting started");
      await waitUntil(async () => /aof_rewrites:1\b/.test((await connection.reply("INFO", "persistence")).text ?? ""), {
        timeoutMs: 10_000,
        what: "the rewrite",
      });
      connection.close();
      const manifest = readFileSync(join(folder, "appendonlydir", "appendonly.aof.manifest"), "utf8");
      const named = [...manifest.matchAll(/^file (\S+) seq \d+ type [bi]( bytes \d+)?$/gm)].map(
        (match) => match[1] as string,
      );
      const files = readdirSync(join(folder, "appendonlydir")).filter((name) => /\.(rdb|aof)$/.test(name));
      // A complete base that no manifest names is not deleted.
      const kept = step === "base renamed" ? ["appendonly.aof.1.base.aof"] : [];
      expect(files.sort()).toEqual([...named, ...kept].sort());
      await server.process.kill("SIGKILL");
      const again = await startMyRedis(folder);
      await expectCounters(again.port, counters);
      await again.process.stop();

      if (redis.missing) return;
      const other = await startRedisServer({ args: ["--dir", copy, "--appendonly", "yes"] });
      await expectCounters(other.port, counters);
      await other.stop();
    }, 60_000);
  }
});

test("a write that was cut short after a rewrite leaves no gap in the log", async () => {
  const folder = temporaryFolder("rewriting");
  const server = await startMyRedis(folder);
  const connection = await server.connect();
  const ask = async (...words: string[]): Promise<string> => String((await connection.reply(...words)).text);
  await ask("BGREWRITEAOF");
  await waitUntil(async () => (await ask("INFO", "persistence")).includes("aof_rewrites:1\r\n"), {
    timeoutMs: 10_000,
    what: "the rewrite",
  });
  await ask("SET", "before", "1");
  const log = join(folder, "appendonlydir", "appendonly.aof.2.incr.aof");
  const limit = (bytes: string): void => {
    const run = Bun.spawnSync(["prlimit", "--pid", `${server.process.pid}`, `--fsize=${bytes}:unlimited`]);
    expect(run.exitCode).toBe(0);
  };
  limit(`${statSync(log).size + 50}`);
  // The first part of it is written before the limit is met, and removed again.
  await connection.reply("SET", "cut short", "x".repeat(1000)).catch(() => {});
  connection.close();
  limit("unlimited");
  const writer = await server.connect();
  await waitUntil(async () => (await writer.reply("SET", "after", "2")).text === "OK", {
    timeoutMs: 10_000,
    what: "writes again",
  });
  writer.close();
  await server.process.kill("SIGKILL");

  const restarted = await startMyRedis(folder);
  const reader = await restarted.connect();
  expect((await reader.reply("MGET", "before", "after")).items?.map(({ text }) => text)).toEqual(["1", "2"]);
  reader.close();
  await restarted.process.kill("SIGKILL");
}, 60_000);
