import type { Durable, StoredTable } from "./durable.ts";
import type { ChangeOutcome, RingRequest } from "./ring-change.ts";
import type { Incoming, Serving } from "./serving-state.ts";
import type { MoveAsk } from "./move-message.ts";
import type { Peer } from "./peer.ts";
import type { Position } from "./position.ts";
import type { RingMessage } from "./ring-message.ts";
import type { RingTable } from "./ring-table.ts";
import type { RingTiming } from "./ring-timing.ts";

export type Role =
  | { readonly type: "follower" }
  | { readonly type: "canvassing"; readonly support: ReadonlySet<string> }
  | { readonly type: "candidate"; readonly votes: ReadonlySet<string> }
  | Leader;

export interface Leader {
  readonly type: "leader";
  readonly electedAtMs: number;
  readonly nextHeartbeatMs: number;
  readonly peers: ReadonlyMap<string, Peer>;
  /** Undefined until the leader's own term has a committed table. */
  readonly committed: StoredTable | undefined;
}

interface PendingWrite {
  readonly number: number;
  readonly durable: Durable;
  readonly sinceMs: number;
}

/** A node's part in the agreement, as one value. Nested values are replaced, and never changed. */
export interface Member {
  readonly self: string;
  readonly timing: RingTiming;
  durable: Durable;
  /** What was given to the disk and is not confirmed yet, in order. */
  writes: readonly PendingWrite[];
  lastWrite: number;
  /** How long the slowest write took of those since a leader was heard last. */
  slowestWriteMs: number;
  /** What the disk has confirmed. */
  kept: Durable;
  /** Answers that wait for the disk. */
  answers: readonly { readonly afterWrite: number; readonly to: string; readonly message: RingMessage }[];
  role: Role;
  /** The leader that was heard last, or this node itself. */
  leader: string | undefined;
  leaderHeardAtMs: number;
  /** When the newest heartbeat was sent, by the leader's clock. */
  heartbeatSentAtMs: number;
  /** When this node asks for votes, unless it hears a leader before. */
  electAtMs: number;
  /** The newest table that is known to be committed. It alone counts for what a node does. */
  committed: RingTable | undefined;
  /** What this node has in memory. */
  position: Position;
  /** Whether it has any keys. */
  holdsKeys: boolean;
  /** Whether its disk takes no data at present. */
  diskFails: boolean;
  /** What a crash leaves of it, as far as this node promises. */
  keptPosition: Position;
  /** While this node is the primary of its seat. */
  serving: Serving | undefined;
  /** A primary serves only before this moment of its own clock. */
  leaseUntilMs: number;
  /** Only a lease that was asked for after this moment counts. */
  leaseSinceMs: number;
}

/** What happens to a member. Times come with each event, see `Moment`. */
export type RingEvent =
  | { readonly type: "message"; readonly from: string; readonly message: RingMessage }
  /** The time that `wakeAt` asked for has come. An event too early changes nothing. */
  | { readonly type: "woken" }
  /** The disk has this write and all before it. */
  | { readonly type: "kept"; readonly write: number }
  /** How far this node's own data has come: in memory, and as far as it counts for what others rely on. */
  | {
      readonly type: "position";
      readonly position: Position;
      readonly kept: Position;
      readonly holdsKeys?: boolean;
      readonly diskFails?: boolean;
    }
  /** A replica of this primary has this much. */
  | { readonly type: "replicated"; readonly node: string; readonly run: number; readonly position: Position }
  /** A member of the ring says that it has let this node go, by this table, which is committed. */
  | { readonly type: "left"; readonly table: RingTable }
  /** An operator changes the voters. Only an idle leader does it; it is asked again otherwise. */
  | { readonly type: "voters"; readonly voters: readonly string[] }
  /** An operator's word: this node serves the seat, whatever it has. */
  | { readonly type: "appoint"; readonly seat: string; readonly node: string }
  /** An operator's request to the leader. It is always answered, by a "changed". */
  | { readonly type: "change"; readonly request: RingRequest }
  /** An operator wants this primary to hand its seat over to a node in sync; undefined: to any. `leaves`: it ends then. */
  | { readonly type: "handOver"; readonly to: string | undefined; readonly leaves: boolean }
  /** The target of a move, in that run of its primary, asks this primary. */
  | { readonly type: "asked"; readonly run: number; readonly ask: MoveAsk }
  /** After a "freeze": no request for these slots is carried out any more. */
  | { readonly type: "frozen"; readonly move: number }
  /** Something of a move has become a part of this primary's own data. */
  | { readonly type: "incoming"; readonly incoming: Incoming };

/** When an event happens, by the node's monotonic clock, and a random number in [0, 1). */
export interface Moment {
  readonly nowMs: number;
  readonly chance: number;
}

/** What the surroundings of a member have to do. */
export type RingEffect =
  | { readonly type: "send"; readonly to: string; readonly message: RingMessage }
  | { readonly type: "persist"; readonly write: number; readonly durable: Durable }
  /** A newer table is committed: requests go to its primaries. */
  | { readonly type: "table"; readonly table: RingTable }
  /** This node is the primary of its seat from now on, and continues what it has as `epoch`. */
  | { readonly type: "serve"; readonly epoch: number }
  /** This node follows the primary of that epoch, and gives up what that primary does not have. */
  | { readonly type: "follow"; readonly epoch: number; readonly primary: string }
  | { readonly type: "lease"; readonly untilMs: number }
  /** Requests for the slots of this move must stop, because the target owns them: see "frozen". */
  | { readonly type: "freeze"; readonly move: number }
  | { readonly type: "changed"; readonly outcome: ChangeOutcome };
