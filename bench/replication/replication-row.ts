import type { Percentiles } from "../open-loop/samples.ts";

export interface SyncFigures {
  readonly snapshotBytes: number;
  /** What the data takes in the server's memory. */
  readonly dataBytes: number;
  /** What a full synchronisation takes more at its peak: resident memory, and what a child copies. */
  readonly extraBytes: number;
}

/** One server: medians of the rounds. */
export interface ReplicationFigures {
  readonly aloneMs: Percentiles;
  readonly aloneLagMs: Percentiles;
  readonly syncMs: Percentiles;
  readonly syncLagMs: Percentiles;
  /** Until a replica has all of the snapshot. */
  readonly fullSyncMs: number;
  readonly snapshotBytes: number;
  /** Memory that a full synchronisation takes more, as a part of that of the data. */
  readonly extraShare: number;
  readonly partialSyncMs: number;
  readonly saturatedPerSecond: number;
  /** The same with a replica. */
  readonly replicatedPerSecond: number;
}

export interface ReplicationResults {
  readonly rounds: number;
  /** Requests per second, half of them writes. */
  readonly rate: number;
  readonly redis: ReplicationFigures;
  readonly mine: ReplicationFigures;
}
