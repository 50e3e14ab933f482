import type { LoadingRow } from "../loading/loading-row.ts";
import { ratio, source, table, thousands } from "./markdown.ts";
import { newestResults, type Stored } from "./results.ts";

interface LoadingResults {
  readonly rounds: number;
  readonly rows: readonly LoadingRow[];
}

/** Everything that was measured, for docs/performance.md. */
export function loadingTable(name: "loading" | "long-loading"): string {
  const results: LoadingResults & Stored = newestResults(name);
  return [
    `Medians of ${results.rounds} alternating starts. ${source(results, "../bench/results")}`,
    "",
    table([
      ["", "file", "written by", "MB", "redis-server CPU ms", "MyRedis CPU ms", "CPU", "wall"],
      ...results.rows.map((row) => [
        row.data,
        row.form,
        row.writtenBy,
        row.megabytes.toFixed(1),
        thousands(row.peer.cpuMs),
        thousands(row.mine.cpuMs),
        ratio(row.cpuRatio),
        ratio(row.wallRatio),
      ]),
    ]),
  ].join("\n");
}
