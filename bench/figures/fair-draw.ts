import { thousands } from "./markdown.ts";
import { newestResults } from "./results.ts";

interface FairDrawResults {
  readonly entries: number;
  readonly rounds: number;
  readonly fileMegabytes: number;
  readonly rows: readonly {
    readonly scene: string;
    readonly cpuMs: number;
    readonly wallMs: number;
    readonly maxResidentMegabytes: number;
  }[];
}

/** How long the check of a large draw takes, for the package's README, which has no links to files outside of the package. */
export function fairDrawSummary(): string {
  const { entries, rounds, fileMegabytes, rows, machine } = newestResults<FairDrawResults>("fair-draw");
  const each = rows.map(({ scene, cpuMs, wallMs, maxResidentMegabytes }) => {
    const seconds = (ms: number): string => (ms / 1000).toFixed(1);
    const memory = `${thousands(maxResidentMegabytes)} MB of memory at most`;
    return `${seconds(wallMs)} seconds with ${scene} (${seconds(cpuMs)} of CPU, ${memory})`;
  });
  const file = `a draw of ${thousands(entries)} entries, a file of ${thousands(fileMegabytes)} MB, with one receipt`;
  const from = `Medians of ${rounds} runs on Bun ${machine.bun}, ${machine.processor}, commit ${machine.commit}.`;
  return `The check of ${file}, takes ${each.join(", and ")}. ${from}`;
}
