/**
 * What replicas cost a primary with 1,000,000 keys, MyRedis beside redis-server: the latency of other clients at half of
 * the load that saturates the slower of the two, while a replica gets all data and without one; how long that takes, and
 * how much memory; a partial synchronisation; and the throughput with a replica.
 *
 *   npm run bench:replication -- [--rounds 2] [--no-save]
 *
 * The rounds alternate between the servers; each has a fresh process on a core of its own, in which everything is measured
 * one after the other. The replica keeps nothing, so that the primary is measured. The child of redis-server has the core
 * of its parent.
 */
import { parseArgs } from "node:util";
import { keepResults, measuredOn, median, textTable } from "../measure.ts";
import type { Percentiles } from "../open-loop/samples.ts";
import { loadCores, type Peer, startPeer } from "../redis/peers.ts";
import type { LoadTask } from "./load-process.ts";
import type { ReplicationFigures, ReplicationResults, RoundFigures } from "./replication-row.ts";

const { values: options } = parseArgs({
  options: { rounds: { type: "string", default: "2" }, save: { type: "boolean", default: true } },
  allowNegative: true,
});
const rounds = Number(options.rounds);
if (!Number.isSafeInteger(rounds) || rounds < 1)
  throw new Error(`--rounds ${options.rounds}: a whole number from 1 on`);

const taskTimeoutMs = 90_000;
const directives = ["--repl-diskless-sync-delay", "0", "--repl-backlog-size", "16mb"];
const names = ["redis-server", "MyRedis"] as const;

async function measure<Figures>(name: Peer["name"], rate?: number): Promise<Figures> {
  const peer = await startPeer(name, false, undefined, directives);
  const { port, pid } = peer;
  try {
    const task: LoadTask = { port, pid, ...(rate === undefined ? {} : { rate }) };
    const program = [process.execPath, `${import.meta.dirname}/load-process.ts`, JSON.stringify(task)];
    const child = Bun.spawn(["taskset", "-c", loadCores, ...program], {
      stdout: "pipe",
      stderr: "inherit",
      timeout: taskTimeoutMs,
    });
    const text = await new Response(child.stdout).text();
    if ((await child.exited) !== 0) throw new Error(`the load of ${name} failed: ${text}`);
    return JSON.parse(text) as Figures;
  } finally {
    await peer.stop();
  }
}

/** When the load itself was late, another program had its core: the run is repeated, and the least disturbed one counts. */
const maxLagMs = 0.3;
const maxRuns = 3;
const lagOf = ({ alone, sync }: RoundFigures): number => Math.max(alone.lagMs.p99, sync.lagMs.p99);

async function undisturbed(name: Peer["name"], rate: number): Promise<RoundFigures> {
  let best = await measure<RoundFigures>(name, rate);
  for (let runs = 1; runs < maxRuns && lagOf(best) > maxLagMs; runs++) {
    const run = await measure<RoundFigures>(name, rate);
    if (lagOf(run) < lagOf(best)) best = run;
  }
  return best;
}

const rateSteps = 100;
let slower = Number.POSITIVE_INFINITY;
for (const name of names) {
  const { saturatedPerSecond } = await measure<Pick<RoundFigures, "saturatedPerSecond">>(name);
  slower = Math.min(slower, saturatedPerSecond);
}
const rate = Math.floor(slower / 2 / rateSteps) * rateSteps;

const all: Record<Peer["name"], RoundFigures[]> = { "redis-server": [], MyRedis: [] };
for (let round = 0; round < rounds; round++) {
  for (const name of names) all[name].push(await undisturbed(name, rate));
}

function summarize(runs: readonly RoundFigures[]): ReplicationFigures {
  const of = (read: (round: RoundFigures) => number): number => median(runs.map(read));
  const percentiles = (read: (round: RoundFigures) => Percentiles): Percentiles => ({
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
    fullSyncMs: of(({ sync }) => sync.fullSyncMs),
    snapshotBytes: of(({ sync }) => sync.snapshotBytes),
    streamShare: of(({ sync }) => sync.streamBytes / sync.dataBytes),
    extraShare: of(({ sync }) => sync.extraBytes / sync.dataBytes),
    partialSyncMs: of(({ partialSyncMs }) => partialSyncMs),
    saturatedPerSecond: of((run) => run.saturatedPerSecond),
    replicatedPerSecond: of((run) => run.replicatedPerSecond),
    replicatedRatio: of((run) => run.replicatedPerSecond / run.saturatedPerSecond),
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
for (const name of names) {
  for (const { alone, sync, saturatedPerSecond, replicatedPerSecond } of all[name]) {
    const parts = [
      `p99.9 ${show(alone.latencyMs.p999)} and ${show(sync.latencyMs.p999)} ms`,
      `${show(sync.extraBytes / 1e6)} MB and ${show(sync.streamBytes / 1e6)} MB of stream`,
      `${show(replicatedPerSecond / saturatedPerSecond)} of the throughput`,
    ];
    console.log(`${name}: ${parts.join(", ")}`);
  }
}
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
    row("stream meanwhile, part of the data", ({ streamShare }) => streamShare),
    row("memory besides, part of the data", ({ extraShare }) => extraShare),
    row("partial sync, ms", ({ partialSyncMs }) => partialSyncMs),
    row("saturated, per second", ({ saturatedPerSecond }) => saturatedPerSecond),
    row("with a replica, per second", ({ replicatedPerSecond }) => replicatedPerSecond),
    row("ratio of these two", ({ replicatedRatio }) => replicatedRatio),
  ]),
);
if (options.save) console.log(`kept in ${keepResults("replication", measuredOn(), results)}`);
