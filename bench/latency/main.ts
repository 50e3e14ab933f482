/**
 * Latency of MyRedis beside redis-server, at half the load that saturates the slower of the two, while the server does
 * heavy work.
 *
 *   npm run bench:latency -- [--scenes calm,bgsave] [--rounds 3] [--rate 50000] [--no-save]
 *
 * A request's latency counts from the moment when it was to be sent, whether the load came to it in time or not. The
 * rounds alternate between the servers; each is a fresh process on a core of its own. Prints milliseconds, the medians
 * of all rounds. The results are kept in bench/results/; runs over single scenes on one day and commit are joined.
 */
import { parseArgs } from "node:util";
import { joinResults, measuredOn, median, textTable } from "../measure.ts";
import type { OpenLoopFigures } from "../open-loop/load.ts";
import type { Percentiles } from "../open-loop/samples.ts";
import type { LatencyRow, SceneFigures } from "./latency-row.ts";
import { measureScene, saturationOf } from "./measure-scene.ts";
import { type Scene, selectScenes } from "./scenes.ts";

const { values: options } = parseArgs({
  options: {
    scenes: { type: "string", default: "" },
    rounds: { type: "string", default: "3" },
    rate: { type: "string" },
    save: { type: "boolean", default: true },
  },
  allowNegative: true,
});
const whole = (name: string, text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`--${name} ${text}: a whole number from 1 on`);
  return value;
};
const rounds = whole("rounds", options.rounds);
const chosen = selectScenes(options.scenes.split(",").filter((name) => name !== ""));
const rateSteps = 100;

/** Half of what the slower server answers when it is saturated, with the append-only file or without it. */
async function halfOfSaturation(appendonly: boolean): Promise<number> {
  if (options.rate !== undefined) return whole("rate", options.rate);
  const redis = await saturationOf("redis-server", appendonly);
  const mine = await saturationOf("MyRedis", appendonly);
  const rate = Math.floor(Math.min(redis, mine) / 2 / rateSteps) * rateSteps;
  const log = appendonly ? "with" : "without";
  console.log(
    `saturated ${log} append-only file: redis-server ${redis.toFixed(0)}/s, MyRedis ${mine.toFixed(0)}/s; both get ${rate}/s`,
  );
  return rate;
}

const percentiles = ["p50", "p99", "p999", "max"] as const;
const medians = (all: readonly Percentiles[]): Percentiles => {
  const of = (name: keyof Percentiles): number => median(all.map((each) => each[name]));
  return { p50: of("p50"), p99: of("p99"), p999: of("p999"), max: of("max") };
};

function summarize(runs: readonly OpenLoopFigures[]): SceneFigures {
  const ended = runs.flatMap(({ stepsMs }) => stepsMs ?? []);
  return {
    latencyMs: medians(runs.map(({ latencyMs }) => latencyMs)),
    lagMs: medians(runs.map(({ lagMs }) => lagMs)),
    answeredPerSecond: median(runs.map(({ answeredPerSecond }) => answeredPerSecond)),
    workMs: ended.length < runs.length ? undefined : median(ended),
  };
}

async function measure(scene: Scene, rate: number): Promise<LatencyRow> {
  const redis: OpenLoopFigures[] = [];
  const mine: OpenLoopFigures[] = [];
  for (let round = 0; round < rounds; round++) {
    redis.push(await measureScene("redis-server", scene, rate));
    mine.push(await measureScene("MyRedis", scene, rate));
  }
  for (const { errors, unsent } of [...redis, ...mine]) {
    if (errors + unsent > 0) console.log(`${scene.name}: ${errors} errors, ${unsent} requests not sent`);
  }
  return { scene: scene.name, title: scene.title, rate, redis: summarize(redis), mine: summarize(mine) };
}

const show = (value: number | undefined): string => (value === undefined ? "" : value.toFixed(2));
const cellsOf = (row: LatencyRow): string[][] => [
  [row.scene, "redis-server", ...percentiles.map((name) => show(row.redis.latencyMs[name])), ...rest(row.redis)],
  ["", "MyRedis", ...percentiles.map((name) => show(row.mine.latencyMs[name])), ...rest(row.mine)],
  ["", "ratio", ...percentiles.map((name) => show(row.mine.latencyMs[name] / row.redis.latencyMs[name])), "", "", ""],
];
const rest = (figures: SceneFigures): string[] => [
  show(figures.lagMs.p999),
  show(figures.lagMs.max),
  figures.workMs?.toFixed(0) ?? "",
];

const rates = new Map<boolean, number>();
const rows: LatencyRow[] = [];
for (const scene of chosen) {
  const rate = rates.get(scene.appendonly) ?? (await halfOfSaturation(scene.appendonly));
  rates.set(scene.appendonly, rate);
  const row = await measure(scene, rate);
  rows.push(row);
  console.log(textTable(cellsOf(row)));
}
const heading = ["scene", "", "p50", "p99", "p99.9", "max", "load's lag p99.9", "max", "work ms"];
console.log(`\n${textTable([heading, ...rows.flatMap(cellsOf)])}`);
if (options.save) {
  console.log(
    `kept in ${joinResults(
      "latency",
      measuredOn(),
      rows.map((row) => ({ rounds, ...row })),
    )}`,
  );
}
