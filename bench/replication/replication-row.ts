import type { OpenLoopFigures } from "../open-loop/load.ts";
import type { Percentiles } from "../open-loop/samples.ts";

export interface SyncFigures extends OpenLoopFigures {
  /** Until a replica has all of the snapshot. */
  readonly fullSyncMs: number;
  readonly snapshotBytes: number;
  /** What the data takes in the server's memory. */
  readonly dataBytes: number;
  /** What is kept of the stream at the end of the synchronisation: the backlog, and what the replica has not got yet. */
  readonly streamBytes: number;
  /** What a full synchronisation takes besides, at its peak: resident memory, and what a child has copied. */
  readonly extraBytes: number;
}

/** One server in one round. */
export interface RoundFigures {
  readonly saturatedPerSecond: number;
  readonly alone: OpenLoopFigures;
  readonly sync: SyncFigures;
  readonly partialSyncMs: number;
  readonly replicatedPerSecond: number;
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
  /** As parts of the data's memory: the stream at the end, and what a full synchronisation takes besides. */
  readonly streamShare: number;
  readonly extraShare: number;
  readonly partialSyncMs: number;
  readonly saturatedPerSecond: number;
  /** The same with a replica. */
  readonly replicatedPerSecond: number;
  /** The median of the rounds' ratios. */
  readonly replicatedRatio: number;
}

export interface ReplicationResults {
  readonly rounds: number;
  /** Requests per second, half of them writes. */
  readonly rate: number;
  readonly redis: ReplicationFigures;
  readonly mine: ReplicationFigures;
}
