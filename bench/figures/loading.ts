import { type Form, forms } from "../loading/load-folder.ts";
import type { EmptyStarts, LoadingRow } from "../loading/loading-row.ts";
import { ratio, source, table, thousands } from "./markdown.ts";
import { newestResults, type Stored } from "./results.ts";

interface LoadingResults {
  readonly rounds: number;
  /** Older results are without it, and without `withStart` in the rows. */
  readonly empty?: EmptyStarts;
  readonly rows: readonly LoadingRow[];
}

/** Everything that was measured, for docs/performance.md. `prefix` of the results' names: "" or "long-". */
export function loadingTable(prefix: "" | "long-"): string {
  return forms.map((form) => tableOf(form, newestResults<LoadingResults>(`${prefix}${form}-loading`))).join("\n\n");
}

function tableOf(form: Form, results: LoadingResults & Stored): string {
  const { empty, rounds, rows } = results;
  const starts = rounds === 1 ? "One start of each" : `Medians of ${rounds} alternating starts`;
  const times = ["redis-server CPU ms", "MyRedis CPU ms"];
  return [
    `${starts}. ${source(results, "../bench/results")}`,
    "",
    table([
      ["", "file", "written by", "MB", ...times, "CPU", "CPU with the start", "wall"],
      ...(empty === undefined
        ? []
        : [["an empty start", form, "", "", thousands(empty.peer.cpuMs), thousands(empty.mine.cpuMs), "", "", ""]]),
      ...rows.map((row) => [
        row.data,
        row.form,
        row.writtenBy,
        row.megabytes.toFixed(1),
        thousands(row.peer.cpuMs),
        thousands(row.mine.cpuMs),
        ratio(row.cpuRatio),
        row.withStart === undefined ? "" : ratio(row.withStart),
        ratio(row.wallRatio),
      ]),
    ]),
  ].join("\n");
}
