import type { Copy } from "./ring-table.ts";

/** How far a replica has come. */
export interface Progress {
  readonly run: number;
  readonly offset: number;
  /** The newest moment of which the replica has everything. */
  readonly caughtUpAtMs: number;
  /** When the replica has this offset, it has caught up with that moment. */
  readonly goal: { readonly offset: number; readonly atMs: number };
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
}
