import { source, table, thousands } from "./markdown.ts";
import { newestResults } from "./results.ts";

interface LinearizabilityResults {
  readonly operations: number;
  readonly rounds: number;
  readonly rows: readonly { readonly scene: string; readonly verdict: string; readonly cpuMs: number }[];
}

/** How long a large history takes, for the page about performance. */
export function linearizabilityTable(): string {
  const results = newestResults<LinearizabilityResults>("linearizability");
  return [
    `Milliseconds of CPU for ${thousands(results.operations)} operations of 100 clients, ${results.rounds === 1 ? "from one run" : `medians of ${results.rounds} runs`}. ${source(results, "../bench/results")}`,
    "",
    table([
      ["history", "verdict", "CPU"],
      ...results.rows.map(({ scene, verdict, cpuMs }) => [scene, verdict, thousands(cpuMs)]),
    ]),
  ].join("\n");
}
