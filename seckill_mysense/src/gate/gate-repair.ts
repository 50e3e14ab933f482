import type { HeldReservation } from "../domain/reservation.ts";
import type { Stock } from "./check-request.ts";
import type { GateProduct } from "./product-keys.ts";

/** One repairer's right to rebuild a product. Another one waits until the lease ends. */
export interface RepairLease {
  readonly product: GateProduct;
  /** Unique to this repair. */
  readonly token: string;
  readonly leaseMs: number;
}

export type BeginOutcome =
  /** The product is closed now. `epoch` is 0 for a product that the gate does not know. */
  | { readonly kind: "begun"; readonly epoch: number; readonly sequence: number; readonly outboxLength: number }
  | { readonly kind: "busy"; readonly leaseMs: number }
  /** The gate's epoch is not the one that the caller has found: another repair has ended meanwhile. */
  | { readonly kind: "changed" };

/** What a rebuilt product sells. */
export interface RebuiltStock extends Stock {
  /** The ledger's sequence. */
  readonly sequence: number;
  /** The numbers of fields that were filled in: a gate that lost some of them meanwhile must not open. */
  readonly holders: number;
  readonly decided: number;
}

/** How a product is closed, filled from the ledger and opened again. Every step is safe to repeat. */
export interface GateRepair {
  /** Closes the product and takes the lease, or renews it. `epoch` is the gate's epoch as the caller has found it. */
  begin(lease: RepairLease, epoch: number | undefined): Promise<BeginOutcome>;
  /** User ids with what they hold; `first` empties what was there. At most `maxFilled` of them. */
  fillHolders(lease: RepairLease, holders: readonly Holder[], first: boolean): Promise<"filled" | "lost">;
  /** Reservations that are decided and hold nothing. `first` and the limit as above. */
  fillDecided(lease: RepairLease, reservationIds: readonly string[], first: boolean): Promise<"filled" | "lost">;
  /** Opens the product in the new epoch. "lost": another repair has taken over, or the gate has lost data again. */
  finish(lease: RepairLease, stock: RebuiltStock): Promise<"finished" | "lost">;
  /** Ends the lease of a repair that cannot go on. The product stays closed. */
  leave(lease: RepairLease): Promise<void>;
  /**
   * Lets this run of the server sell a product that was compared with the ledger in exactly this state, with the ledger's
   * figures of a new epoch. A
   * sequence that a lost reservation carried then means nothing any more, and neither does its message.
   */
  adopt(product: GateProduct, compared: ComparedState, next: Stock): Promise<"adopted" | "changed">;
}

/** The gate's figures that were compared with the ledger. */
export interface ComparedState {
  readonly epoch: number;
  readonly sequence: number;
  readonly available: number;
}

export type Holder = readonly [userId: string, held: readonly HeldReservation[]];

/** Most fields in one call of `fillHolders` or `fillDecided`. */
export const maxFilled = 1_000;
