import type { Waits } from "./probed-ring.ts";

/** How long keys are not served after a kill, in milliseconds, and how often a place moves without need. */
export interface FailoverResults {
  readonly timeoutMs: number;
  readonly acknowledgement: string;
  readonly kills: number;
  readonly servedAfterMs: Waits;
  readonly pauses: number;
  readonly movedByPauses: number;
  /** While so many other processes took all the time of the processor that they could get, for so long. */
  readonly busy?: { readonly processes: number; readonly seconds: number; readonly moved: number };
}
