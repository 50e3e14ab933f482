import type { PauseRow } from "../pauses/pause-row.ts";
import { milliseconds, source, table } from "./markdown.ts";
import { newestResults, type Stored } from "./results.ts";

export interface PauseResults {
  readonly rounds: number;
  readonly rows: readonly PauseRow[];
}

/** Everything that was measured, for docs/performance.md. */
export function pauseTable(): string {
  const results: PauseResults & Stored = newestResults("pauses");
  return [
    `Milliseconds, ${results.rounds === 1 ? "from one run" : `medians of ${results.rounds} runs`}. ${source(results, "../bench/results")}`,
    "",
    table([
      ["", "redis-server p99", "p99.9", "longest", "MyRedis p99", "p99.9", "longest", "longest turn"],
      ...results.rows.map(({ scenario, redis, mine }) => [
        scenario,
        milliseconds(redis?.latencyMs.p99),
        milliseconds(redis?.latencyMs.p999),
        milliseconds(redis?.latencyMs.max),
        milliseconds(mine.latencyMs.p99),
        milliseconds(mine.latencyMs.p999),
        milliseconds(mine.latencyMs.max),
        milliseconds(mine.longestTurnMs),
      ]),
    ]),
  ].join("\n");
}
