/**
 * The waits of another client while a collection of 1,000,000 elements comes or goes, on MyRedis and on redis-server.
 *
 *   npm run bench:pauses -- [--only UNLINK] [--rounds 1] [--no-redis] [--no-save]
 *
 * Prints latencies in milliseconds, the medians of all rounds. A run over everything is kept in bench/results/.
 */
import { parseArgs } from "node:util";
import { keepResults, measuredOn, median, textTable } from "../measure.ts";
import { measurePauses, type Pauses, type ServerName } from "./measure-pauses.ts";
import type { PauseRow } from "./pause-row.ts";
import { type Scenario, scenarios } from "./scenarios.ts";

const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    rounds: { type: "string", default: "1" },
    redis: { type: "boolean", default: true },
    save: { type: "boolean", default: true },
  },
  allowNegative: true,
});
const rounds = Number(options.rounds);
if (!Number.isSafeInteger(rounds) || rounds < 1) {
  throw new Error(`--rounds ${options.rounds}: a whole number from 1 on`);
}
const chosen = scenarios.filter(({ name }) => name.includes(options.only));
if (chosen.length === 0) {
  throw new Error(
    `--only ${options.only}: no such scenario; there are ${scenarios.map(({ name }) => name).join("; ")}`,
  );
}

async function measure(name: ServerName, scenario: Scenario): Promise<Pauses> {
  const runs: Pauses[] = [];
  for (let round = 0; round < rounds; round++) runs.push(await measurePauses(name, scenario));
  const of = (figure: (run: Pauses) => number): number => median(runs.map(figure));
  return {
    latencyMs: {
      p50: of((run) => run.latencyMs.p50),
      p99: of((run) => run.latencyMs.p99),
      p999: of((run) => run.latencyMs.p999),
      max: of((run) => run.latencyMs.max),
    },
    longestTurnMs: name === "redis-server" ? undefined : of((run) => run.longestTurnMs ?? 0),
  };
}

const show = (value: number | undefined): string => (value === undefined ? "" : value.toFixed(1));
const cellsOf = (pauses: Pauses | undefined): string[] =>
  (["p50", "p99", "p999", "max"] as const).map((name) => show(pauses?.latencyMs[name]));

const rows: PauseRow[] = [];
for (const scenario of chosen) {
  const redis = options.redis ? await measure("redis-server", scenario) : undefined;
  const mine = await measure("MyRedis", scenario);
  rows.push({ scenario: scenario.name, redis, mine });
  console.log(
    `${scenario.name}: longest wait ${show(mine.latencyMs.max)} ms, turn ${show(mine.longestTurnMs)} ms, redis-server ${show(redis?.latencyMs.max)} ms`,
  );
}
const heading = ["scenario", "redis p50", "p99", "p99.9", "max", "MyRedis p50", "p99", "p99.9", "max", "turn"];
const cells = rows.map(({ scenario, redis, mine }) => [
  scenario,
  ...cellsOf(redis),
  ...cellsOf(mine),
  show(mine.longestTurnMs),
]);
console.log(`\n${textTable([heading, ...cells])}`);
if (options.save && options.redis && options.only === "") {
  console.log(`kept in ${keepResults("pauses", measuredOn(), { rounds, rows })}`);
}
