import type { MemoryRow } from "../memory/memory-row.ts";
import { megabytes, ratio, source, table } from "./markdown.ts";
import { newestResults, type Stored } from "./results.ts";

export interface MemoryResults {
  readonly rounds: number;
  readonly rows: readonly MemoryRow[];
}

/** One sentence for each size of value, for the README. */
export function memorySummary(): string {
  const { rows }: MemoryResults & Stored = newestResults("memory");
  const range = (size: MemoryRow["size"]): string => {
    const ratios = rows.filter((row) => row.size === size).map((row) => row.ratio);
    return `${ratio(Math.min(...ratios))} to ${ratio(Math.max(...ratios))}`;
  };
  return [
    `Memory for the same data, as a multiple of redis-server's growth: ${range("small")} for many small values,`,
    `${range("huge")} for one of 1,000,000 elements ([table](docs/performance.md#memory)).`,
  ].join("\n");
}

/** Everything that was measured, for docs/performance.md. */
export function memoryTable(): string {
  const results: MemoryResults & Stored = newestResults("memory");
  return [
    `Each ${results.rounds === 1 ? "in one fresh process" : `the median of ${results.rounds} fresh processes`}. ${source(results, "../bench/results")}`,
    "",
    table([
      ["", "redis-server MB", "MyRedis MB", "ratio", "redis-server says MB", "MyRedis says MB"],
      ...results.rows.map((row) => [
        row.load,
        megabytes(row.redis.residentBytes),
        megabytes(row.mine.residentBytes),
        ratio(row.ratio),
        megabytes(row.redis.usedBytes),
        megabytes(row.mine.usedBytes),
      ]),
    ]),
  ].join("\n");
}
