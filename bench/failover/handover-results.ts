import type { Waits } from "./probed-ring.ts";

/** The longest that any client had to wait for one write, for each hand-over of a place. */
export interface HandoverResults {
  readonly timeoutMs: number;
  readonly acknowledgement: string;
  readonly handovers: number;
  readonly longestWaitMs: Waits;
}
