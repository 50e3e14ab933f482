import type { Percentiles } from "../open-loop/samples.ts";

/** One server in one scene: medians of the rounds. */
export interface SceneFigures {
  readonly latencyMs: Percentiles;
  /** How late the load was with sending. */
  readonly lagMs: Percentiles;
  readonly answeredPerSecond: number;
  /** How long the scene's work took; undefined if it did not end. */
  readonly workMs: number | undefined;
}

export interface LatencyRow {
  readonly scene: string;
  readonly title: string;
  /** Requests per second that both servers got. */
  readonly rate: number;
  readonly redis: SceneFigures;
  readonly mine: SceneFigures;
}
