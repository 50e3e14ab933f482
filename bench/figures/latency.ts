import type { LatencyRow, SceneFigures } from "../latency/latency-row.ts";
import { ratio, source, table, thousands } from "./markdown.ts";
import { newestResults, type Stored } from "./results.ts";

interface LatencyResults {
  readonly rows: readonly (LatencyRow & { readonly rounds: number })[];
}

const percentiles = ["p50", "p99", "p999", "max"] as const;
const cells = ({ latencyMs, lagMs }: SceneFigures): string[] => [
  ...percentiles.map((name) => latencyMs[name].toFixed(2)),
  lagMs.p999.toFixed(2),
];

/** Everything that was measured, for docs/performance.md. */
export function latencyTable(): string {
  const results: LatencyResults & Stored = newestResults("latency");
  const rows = results.rows.flatMap(({ title, rate, redis, mine }) => [
    [title, thousands(rate), "redis-server", ...cells(redis)],
    ["", "", "MyRedis", ...cells(mine)],
    ["", "", "ratio", ...percentiles.map((name) => ratio(mine.latencyMs[name] / redis.latencyMs[name])), ""],
  ]);
  const rounds = results.rows[0]?.rounds ?? 0;
  return [
    `Milliseconds, ${rounds === 1 ? "from one run" : `medians of ${rounds} alternating runs`}. ${source(results, "../bench/results")}`,
    "",
    table([["", "requests/s", "", "p50", "p99", "p99.9", "longest", "load"], ...rows]),
  ].join("\n");
}
