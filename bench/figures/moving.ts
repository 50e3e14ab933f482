import type { MovingResults, MovingRow } from "../moving/moving-results.ts";
import type { LoadFigures } from "../moving/ring-load.ts";
import { milliseconds, source, table, thousands } from "./markdown.ts";
import { newestResults, type Stored } from "./results.ts";

const row = (name: string, seconds: number, { errors, latencyMs, requests }: LoadFigures): string[] => [
  ...[name, seconds.toFixed(1), thousands(requests), `${errors}`],
  ...[latencyMs.p50, latencyMs.p99, latencyMs.p999, latencyMs.max].map(milliseconds),
];

const rowsOf = ({ clients, before, changes }: MovingRow): string[][] => {
  const name = clients === "plain" ? "plain clients" : "clients for Redis Cluster";
  const times = (round: number): string => (round === 0 ? "" : `, ${round + 1}`);
  return [
    row(`${name}, before`, before.seconds, before),
    ...changes.flatMap(({ join, leave }, round) => [
      row(`${name}, a node joins${times(round)}`, join.seconds, join.load),
      row(`${name}, it leaves${times(round)}`, leave.seconds, leave.load),
    ]),
  ];
};

/** What clients see while slots move, for docs/performance.md. */
export function movingTable(): string {
  const results = newestResults<MovingResults & Stored>("moving");
  const { connections, keys, perSecond, rows } = results;
  return [
    `${thousands(keys)} keys with values of 100 bytes, ${thousands(perSecond)} requests per second over ${connections} connections. Latencies in milliseconds. ${source(results, "../bench/results")}`,
    "",
    table([["", "seconds", "requests", "errors", "p50", "p99", "p99.9", "longest"], ...rows.flatMap(rowsOf)]),
  ].join("\n");
}
