import type { Row } from "../redis/compare.ts";
import { workloads } from "../redis/workloads.ts";
import { ratio, source, table, thousands } from "./markdown.ts";
import { newestResults, type Stored } from "./results.ts";

export interface RedisResults {
  readonly rounds: number;
  readonly rows: readonly Row[];
}

const rowOf = (rows: readonly Row[], workload: string, pipeline: number, appendonly: boolean): Row | undefined =>
  rows.find((row) => row.workload === workload && row.pipeline === pipeline && row.appendonly === appendonly);

const ratios = (row: Row | undefined): string =>
  row === undefined ? "" : `${ratio(row.throughputRatio)} (${ratio(row.cpuRatio)})`;

/** The most frequent commands, for the README. */
export function redisSummary(): string {
  const results: RedisResults & Stored = newestResults("redis");
  const { machine, rounds, rows } = results;
  const names = workloads.filter(({ main }) => main === true).map(({ name }) => name);
  return [
    "Throughput of MyRedis as a multiple of redis-server 7.0.15's. In brackets the same for requests per second of CPU time.",
    `Each server ran alone on the same core of an ${machine.processor}. Medians of ${rounds} alternating runs with 50 connections.`,
    "",
    table([
      ["", "pipeline 1", "pipeline 16", "pipeline 1, AOF everysec", "pipeline 16, AOF everysec"],
      ...names.map((name) => [
        name,
        ...[false, true].flatMap((appendonly) =>
          [1, 16].map((pipeline) => ratios(rowOf(rows, name, pipeline, appendonly))),
        ),
      ]),
    ]),
    "",
    "Every kind of command is in [docs/performance.md](docs/performance.md).",
    source(results, "bench/results"),
  ].join("\n");
}

/** Everything that was measured, for docs/performance.md. */
export function redisTable(): string {
  const results: RedisResults & Stored = newestResults("redis");
  const { machine, rounds, rows } = results;
  return [
    `Medians of ${rounds} alternating runs on one core of an ${machine.processor}. Throughput and CPU are ratios: above 1,`,
    `MyRedis is better. ${source(results, "../bench/results")}`,
    "",
    table([
      ["", "pipeline", "AOF", "redis-server/s", "MyRedis/s", "throughput", "redis-server us", "MyRedis us", "CPU"],
      ...rows.map((row) => [
        row.workload,
        `${row.pipeline}`,
        row.appendonly ? "everysec" : "no",
        thousands(row.redis.requestsPerSecond),
        thousands(row.mine.requestsPerSecond),
        ratio(row.throughputRatio),
        ratio(row.redis.cpuMicrosecondsPerRequest),
        ratio(row.mine.cpuMicrosecondsPerRequest),
        ratio(row.cpuRatio),
      ]),
    ]),
  ].join("\n");
}
