import type { Cursor } from "./move-message.ts";
import type { Progress } from "./progress.ts";
import type { HandOver } from "./ring-message.ts";
import type { Copy } from "./ring-table.ts";

/** A planned handover: this primary carries out nothing more, and its seat goes to a replica when that has everything. */
export interface Handing extends HandOver {
  readonly sinceMs: number;
  /** Once the replica had everything and the leader was asked. From then on another primary may answer. */
  readonly asked: { readonly offset: number; readonly leaseUntilMs: number } | undefined;
}

/** Slots that leave this seat. */
export interface Outgoing {
  readonly attempt: number;
  readonly progress: Progress | undefined;
  /** The target has nearly everything. */
  readonly isReady: boolean;
  /** Once the target owns the slots. "asked": whoever runs the agreement was told to stop requests, and has not done it. */
  readonly freeze: "asked" | "done" | undefined;
}

/** Something of a move that comes to this seat, and is a part of its data from the seat's own `offset` on. */
export interface Incoming {
  readonly cursor: Cursor;
  readonly offset: number;
}

/** What a primary knows about the copies of its seat. */
export interface Serving {
  readonly epoch: number;
  readonly revision: number;
  readonly sinceMs: number;
  /** How many writes this primary has. */
  readonly offset: number;
  /** So many of them have reached every copy that writes wait for. */
  readonly acknowledged: number;
  /**
   * The replicas that writes wait for: those in sync, and those for which that was asked. A replica leaves this list only
   * with a table that is committed.
   */
  readonly waitFor: readonly Copy[];
  readonly progress: ReadonlyMap<string, Progress>;
  /** By the number of the move. */
  readonly outgoing: ReadonlyMap<number, Outgoing>;
  readonly handing: Handing | undefined;
  /** In the order in which it came. Of what all copies have, only the newest of each move is kept. */
  readonly incoming: readonly Incoming[];
}
