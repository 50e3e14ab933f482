/**
 * What replicas cost a primary with 1,000,000 keys, MyRedis beside redis-server: the latency of other clients at half of
 * the load that saturates the slower of the two, while a replica gets all data and without one; how long that takes, and
 * how much memory; a partial synchronisation; and the throughput with a replica.
 *
 *   npm run bench:replication -- [--rounds 2] [--no-save]
 *
 * The rounds alternate between the servers; each measurement has a fresh process on a core of its own. The replica keeps
 * nothing, so that the primary is measured. The child of redis-server has the core of its parent.
 */
import { parseArgs } from "node:util";
import { startProcess } from "../../tools/test-services/index.ts";
import { keepResults, measuredOn, median, textTable } from "../measure.ts";
import type { OpenLoopFigures } from "../open-loop/load.ts";
import type { Percentiles } from "../open-loop/samples.ts";
import { loadCores, type Peer, startPeer } from "../redis/peers.ts";
import type { LoadTask } from "./load-process.ts";
import type { ReplicationFigures, ReplicationResults, SyncFigures } from "./replication-row.ts";

const { values: options } = parseArgs({
  options: { rounds: { type: "string", default: "2" }, save: { type: "boolean", default: true } },
  allowNegative: true,
});
const rounds = Number(options.rounds);
if (!Number.isSafeInteger(rounds) || rounds < 1)
  throw new Error(`--rounds ${options.rounds}: a whole number from 1 on`);

const taskTimeoutMs = 60_000;
const directives = ["--repl-diskless-sync-delay", "0", "--repl-backlog-size", "16mb"];
const pinned = (file: string, ...words: readonly string[]): [string, ...string[]] => [
  ...(["taskset", "-c", loadCores, process.execPath] as const),
  `${import.meta.dirname}/${file}`,
  ...words,
];

async function measure<Figures>(
  name: Peer["name"],
  task: Omit<LoadTask, "port" | "pid">,
  hasReplica = false,
): Promise<Figures> {
  const peer = await startPeer(name, false, undefined, directives);
  const { port, pid } = peer;
  const replica = hasReplica
    ? await startProcess({ cmd: pinned("reader-process.ts", String(port)), readyWhen: /online/ })
    : undefined;
  try {
    const cmd = pinned("load-process.ts", JSON.stringify({ ...task, port, pid }));
    const child = Bun.spawn(cmd, { stdout: "pipe", stderr: "inherit", timeout: taskTimeoutMs });
    const text = await new Response(child.stdout).text();
    if ((await child.exited) !== 0) throw new Error(`the load of ${name} failed: ${text}`);
    return JSON.parse(text) as Figures;
  } finally {
    await replica?.stop();
    await peer.stop();
  }
}

interface Round {
  readonly alone: OpenLoopFigures;
  readonly sync: OpenLoopFigures & SyncFigures;
  readonly partialSyncMs: number;
  readonly saturated: number;
  readonly replicated: number;
}

async function saturated(name: Peer["name"], hasReplica: boolean): Promise<number> {
  return (await measure<{ rate: number }>(name, { kind: "saturate", rate: 0 }, hasReplica)).rate;
}

const names = ["redis-server", "MyRedis"] as const;
const saturation = { "redis-server": [] as number[], MyRedis: [] as number[] };
for (const name of names) saturation[name].push(await saturated(name, false));
const rateSteps = 100;
const slower = Math.min(...names.map((name) => saturation[name][0] as number));
const rate = Math.floor(slower / 2 / rateSteps) * rateSteps;

const all: Record<Peer["name"], Round[]> = { "redis-server": [], MyRedis: [] };
for (let round = 0; round < rounds; round++) {
  for (const name of names) {
    if (round > 0) saturation[name].push(await saturated(name, false));
    all[name].push({
      saturated: saturation[name][round] as number,
      replicated: await saturated(name, true),
      alone: await measure(name, { kind: "alone", rate }),
      sync: await measure(name, { kind: "full sync", rate }),
      partialSyncMs: (await measure<{ partialSyncMs: number }>(name, { kind: "partial sync", rate })).partialSyncMs,
    });
  }
}

function summarize(runs: readonly Round[]): ReplicationFigures {
  const of = (read: (round: Round) => number | undefined): number => median(runs.map((run) => read(run) ?? Number.NaN));
  const percentiles = (read: (round: Round) => Percentiles): Percentiles => ({
    p50: of((run) => read(run).p50),
    p99: of((run) => read(run).p99),
    p999: of((run) => read(run).p999),
    max: of((run) => read(run).max),
  });
  return {
    aloneMs: percentiles(({ alone }) => alone.latencyMs),
    aloneLagMs: percentiles(({ alone }) => alone.lagMs),
    syncMs: percentiles(({ sync }) => sync.latencyMs),
    syncLagMs: percentiles(({ sync }) => sync.lagMs),
    fullSyncMs: of(({ sync }) => sync.stepsMs),
    snapshotBytes: of(({ sync }) => sync.snapshotBytes),
    extraShare: of(({ sync }) => sync.extraBytes / sync.dataBytes),
    partialSyncMs: of(({ partialSyncMs }) => partialSyncMs),
    saturatedPerSecond: of(({ saturated: perSecond }) => perSecond),
    replicatedPerSecond: of(({ replicated }) => replicated),
  };
}

const results: ReplicationResults = {
  rounds,
  rate,
  redis: summarize(all["redis-server"]),
  mine: summarize(all.MyRedis),
};
const show = (value: number): string => value.toFixed(2);
const row = (name: string, of: (figures: ReplicationFigures) => number): string[] => [
  name,
  show(of(results.redis)),
  show(of(results.mine)),
];
console.log(
  textTable([
    [`${rate}/s`, "redis-server", "MyRedis"],
    ...(["p50", "p99", "p999", "max"] as const).flatMap((name) => [
      row(`${name} without a replica, ms`, ({ aloneMs }) => aloneMs[name]),
      row(`${name} during a full sync, ms`, ({ syncMs }) => syncMs[name]),
    ]),
    row("load's lag p99.9 without, ms", ({ aloneLagMs }) => aloneLagMs.p999),
    row("load's lag p99.9 during, ms", ({ syncLagMs }) => syncLagMs.p999),
    row("full sync, ms", ({ fullSyncMs }) => fullSyncMs),
    row("snapshot, MB", ({ snapshotBytes }) => snapshotBytes / 1e6),
    row("extra memory, part of the data", ({ extraShare }) => extraShare),
    row("partial sync, ms", ({ partialSyncMs }) => partialSyncMs),
    row("saturated, per second", ({ saturatedPerSecond }) => saturatedPerSecond),
    row("with a replica, per second", ({ replicatedPerSecond }) => replicatedPerSecond),
  ]),
);
if (options.save) console.log(`kept in ${keepResults("replication", measuredOn(), results)}`);
