import type { OverloadRow } from "../overload/overload-row.ts";
import { megabytes, milliseconds, source, table, thousands } from "./markdown.ts";
import { newestResults, type Stored } from "./results.ts";

interface OverloadResults {
  readonly rows: readonly OverloadRow[];
}

/** Everything that was measured, for docs/performance.md. */
export function overloadTable(): string {
  const results: OverloadResults & Stored = newestResults("overload");
  return [
    source(results, "../bench/results"),
    "",
    table([
      ["", "offered/s", "answered/s", "errors", "administrator p50 ms", "p99", "longest", "resident MB"],
      ...results.rows.map(({ scene, offered, run, residentBytes }) => [
        scene,
        offered === undefined ? "" : thousands(offered),
        thousands(run.answeredPerSecond),
        `${run.errors}`,
        ...(["p50", "p99", "max"] as const).map((name) =>
          milliseconds(offered === undefined ? undefined : run.adminMs[name]),
        ),
        megabytes(residentBytes),
      ]),
    ]),
  ].join("\n");
}
