import type { Stamp } from "./durable.ts";
import type { MoveReport } from "./move-message.ts";
import type { Position } from "./position.ts";
import type { Wish } from "./ring-message.ts";
import type { RingTiming } from "./ring-timing.ts";

/** What a leader knows of a node. Times are the leader's. */
export interface Peer {
  /** 0: it has not been heard in this term. */
  readonly run: number;
  /** When this run was heard first. */
  readonly runSinceMs: number;
  readonly heardAtMs: number;
  /** When the newest heartbeat was sent that the node has answered. */
  readonly answeredMs: number;
  /** By the node's clock, when it sent its newest answer. */
  readonly askedAtMs: number;
  readonly stored: Stamp | undefined;
  readonly position: Position;
  readonly holdsKeys: boolean;
  /** Its disk takes no data at present. */
  readonly diskFails: boolean;
  readonly wish: Wish | undefined;
  readonly moves: MoveReport | undefined;
}

/** How a leader sees the nodes at a moment. */
export interface LeaderView {
  readonly peers: ReadonlyMap<string, Peer>;
  readonly timing: RingTiming;
  readonly nowMs: number;
}
