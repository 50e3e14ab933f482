import { describe, expect, test } from "bun:test";
import { cpSync, readdirSync, readFileSync } from "node:fs";
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
