import type { Stamp, StoredTable } from "./durable.ts";
import type { MoveReport } from "./move-message.ts";
import type { Position } from "./position.ts";
import type { Copy } from "./ring-table.ts";

export type { Position } from "./position.ts";

/** What a primary asks of its leader: to make these the copies in sync, if the seat has not changed since `revision`. */
export interface Wish {
  readonly revision: number;
  readonly inSync: readonly Copy[];
  /** It carries nothing out any more, and this copy is to be the primary. */
  readonly handOver?: HandOver;
}

export interface HandOver {
  /** A replica that has everything. */
  readonly to: Copy;
  /** The present primary is about to end, and does not stay in sync. */
  readonly leaves: boolean;
}

/** A permission to serve. It counts from `askedAtMs`, by the clock of that run of the primary. */
export interface Grant {
  readonly run: number;
  readonly askedAtMs: number;
}

/** Asks who would vote for this node in that term. It changes nothing: a node that was cut off disturbs nobody with it. */
export interface Canvass {
  readonly type: "canvass";
  readonly term: number;
  readonly stored: Stamp;
}

export interface Support {
  readonly type: "support";
  readonly term: number;
}

export interface Candidacy {
  readonly type: "candidacy";
  readonly term: number;
  readonly stored: Stamp;
  /** The leader of the term before has named this candidate, and leads no more. */
  readonly succeeds?: true;
}

/**
 * A leader that leaves the ring names its successor, which stands for election at once: nobody has to wait for a silence.
 * Leases of the former leader may still run then. They belong to primaries, and the successor takes none of them for gone
 * before it was silent for longer than a lease.
 */
export interface Succeed {
  readonly type: "succeed";
  readonly term: number;
}

export interface Vote {
  readonly type: "vote";
  readonly term: number;
}

export interface Heartbeat {
  readonly type: "heartbeat";
  readonly term: number;
  /** By the leader's clock. The answer repeats it. */
  readonly sentAtMs: number;
  /** The leader's table, unless the node is known to have it. */
  readonly stored: StoredTable | undefined;
  /** The newest table that the leader knows as committed in its own term. */
  readonly committed: Stamp | undefined;
  readonly grant: Grant | undefined;
  /** The latest run of the node that receives this, as far as the leader and its table know. 0: none. */
  readonly knownRun: number;
}

export interface Heard {
  readonly type: "heard";
  readonly term: number;
  readonly sentAtMs: number;
  readonly run: number;
  /** By the clock of the node that answers: from here on a lease would count. */
  readonly askedAtMs: number;
  /** The table on the node's disk. */
  readonly stored: Stamp;
  readonly position: Position;
  /** The node has keys. */
  readonly holdsKeys?: true;
  /** The node's disk takes no data at present. */
  readonly diskFails?: true;
  readonly wish: Wish | undefined;
  readonly moves?: MoveReport;
}

/** The answer to a leader or candidate of an older term. */
export interface Outdated {
  readonly type: "outdated";
  readonly term: number;
}

export type RingMessage = Canvass | Support | Candidacy | Succeed | Vote | Heartbeat | Heard | Outdated;
