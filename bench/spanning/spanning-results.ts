/** Medians of the rounds, for one kind of ring. */
export interface SpanningRow {
  /** "fixed": its members are fixed. "agreed": it agrees on them. */
  readonly members: "fixed" | "agreed";
  /** CPU microseconds for each command, all nodes together. */
  readonly setMicroseconds: number;
  /** MSET of two keys of one node. */
  readonly togetherMicroseconds: number;
  /** MSET of two keys of two nodes. */
  readonly acrossMicroseconds: number;
}

export interface SpanningResults {
  readonly rounds: number;
  readonly requests: number;
  readonly connections: number;
  readonly rows: readonly SpanningRow[];
}
