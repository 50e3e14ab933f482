import { join } from "node:path";

export interface RunCounts {
  /** Tests by name: one that a unit runs several times counts as often. */
  readonly passed: number;
  readonly failed: number;
  /** Left out by the suite itself, which runs them against servers of its own only. */
  readonly leftOut: number;
}

/** By unit, for each of its runs, in the order of units.ts. */
export type Results = Readonly<Record<string, readonly RunCounts[]>>;

/** The counts of the last whole run. */
export const resultsFile = join(import.meta.dirname, "results.json");
