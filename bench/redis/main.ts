/**
 * MyRedis beside redis-server, each alone on the same core while it is measured, in alternating runs.
 *
 *   npm run bench:redis -- [--only zadd,sinter] [--pipeline 1,16] [--rounds 3] [--run-ms 300] [--no-aof] [--no-save]
 *
 * Prints ratios of medians. A run over everything is kept in bench/results/, one over a part of it is not.
 *
 *   npm run bench:redis -- --beside ../before
 *
 * compares with the MyRedis of another checkout instead, to see what a change costs; nothing is kept.
 */
import { parseArgs } from "node:util";
import { keepResults, measuredOn, textTable } from "../measure.ts";
import { measureRows, type Plan, type Row } from "./compare.ts";
import { selectWorkloads } from "./workloads.ts";

const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    pipeline: { type: "string", default: "1,16" },
    rounds: { type: "string", default: "3" },
    "run-ms": { type: "string", default: "300" },
    beside: { type: "string" },
    aof: { type: "boolean", default: true },
    save: { type: "boolean", default: true },
  },
  allowNegative: true,
});

const words = (list: string): string[] => list.split(",").filter((word) => word !== "");
const whole = (name: string, text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`--${name} ${text}: a whole number from 1 on`);
  return value;
};

const plan: Plan = {
  workloads: selectWorkloads(words(options.only)),
  pipelines: words(options.pipeline).map((pipeline) => whole("pipeline", pipeline)),
  appendonly: false,
  rounds: whole("rounds", options.rounds),
  runMs: whole("run-ms", options["run-ms"]),
  beside: options.beside,
};

const tell = (row: Row): void => {
  const aof = row.appendonly ? " AOF" : "";
  console.log(
    `${row.workload} pipeline ${row.pipeline}${aof}: throughput ${row.throughputRatio.toFixed(2)}, CPU ${row.cpuRatio.toFixed(2)}`,
  );
};

const rows = await measureRows(plan, tell);
const logged = plan.workloads.filter((workload) => workload.main === true);
if (options.aof && logged.length > 0) {
  rows.push(...(await measureRows({ ...plan, workloads: logged, appendonly: true }, tell)));
}

const thousands = (value: number): string => Math.round(value).toLocaleString("en");
const peer = options.beside === undefined ? "redis" : "before";
const heading = [
  "workload",
  "pipeline",
  "AOF",
  `${peer}/s`,
  "MyRedis/s",
  "throughput",
  `${peer} us`,
  "MyRedis us",
  "CPU",
];
const cells = rows.map((row) => [
  row.workload,
  `${row.pipeline}`,
  row.appendonly ? "everysec" : "no",
  thousands(row.redis.requestsPerSecond),
  thousands(row.mine.requestsPerSecond),
  row.throughputRatio.toFixed(2),
  row.redis.cpuMicrosecondsPerRequest.toFixed(2),
  row.mine.cpuMicrosecondsPerRequest.toFixed(2),
  row.cpuRatio.toFixed(2),
]);
console.log(`\n${textTable([heading, ...cells])}`);
console.log("\nus: CPU microseconds per request. Throughput and CPU: above 1, MyRedis is better.");
const geometricMean = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
for (const pipeline of plan.pipelines) {
  const chosen = rows.filter((row) => row.pipeline === pipeline);
  const throughput = geometricMean(chosen.map((row) => row.throughputRatio)).toFixed(3);
  const cpu = geometricMean(chosen.map((row) => row.cpuRatio)).toFixed(3);
  console.log(`geometric mean at pipeline ${pipeline}: throughput ${throughput}, CPU ${cpu}`);
}
if (options.save && options.beside === undefined && options.only === "" && options.aof && options.pipeline === "1,16") {
  console.log(`kept in ${keepResults("redis", measuredOn(), { rounds: plan.rounds, runMs: plan.runMs, rows })}`);
}
