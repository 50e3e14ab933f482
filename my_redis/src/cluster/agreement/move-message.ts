import type { Position } from "./position.ts";

/** How much of a move its target has. It is a part of the target's data: replicas and disks have it with the keys. */
export interface Cursor {
  readonly move: number;
  /** Everything up to here of the source's writes to these slots. */
  readonly source: Position;
  /** Which snapshot of that source it began with: two snapshots may be cut into parts in different ways. */
  readonly snapshot: number;
  /** How many parts of that snapshot have come. */
  readonly parts: number;
  /** The snapshot is complete: what follows are writes. */
  readonly isWhole: boolean;
  /** The source has stopped to carry out requests for these slots: nothing comes after it. */
  readonly isFinal?: true;
}

/** The target of a move has nearly everything, as its source sees it: the slots can be handed over. */
export interface Ready {
  readonly move: number;
  readonly attempt: number;
  /** The epoch of the source that says so. */
  readonly epoch: number;
}

/** What a target, and every copy of its seat that is in sync, has of a move. */
export interface Arrival {
  /** The epoch of the target that says so. */
  readonly epoch: number;
  readonly cursor: Cursor;
}

/** What a primary tells its leader of the moves in which its seat takes part. */
export interface MoveReport {
  readonly ready: readonly Ready[];
  readonly arrivals: readonly Arrival[];
}

/** A target asks its source for what comes next. */
export interface MoveAsk {
  readonly move: number;
  readonly attempt: number;
  /** Grows with each question of this primary. Only the answer to its newest question counts, and only once. */
  readonly number: number;
  readonly has: Cursor | undefined;
  /** What its copies in sync have, too. */
  readonly acknowledged: Cursor | undefined;
}

/** What a source answers. The keys and writes go with it, in the form of whoever runs the agreement. */
export interface MoveChunk {
  readonly move: number;
  readonly attempt: number;
  readonly number: number;
  /** It begins a snapshot: whatever the target had of these slots is void. */
  readonly isStart: boolean;
  /** How much the target has afterwards. */
  readonly cursor: Cursor;
}
