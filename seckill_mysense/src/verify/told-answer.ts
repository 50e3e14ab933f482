/** An answer to one client about one reservation. A reservation may have several answers. */
export interface ToldAnswer {
  readonly reservationId: string;
  readonly productId: string;
  readonly userId: string;
  /**
   * `accepted`: the gate has accepted it, and the ledger has not decided yet. `won`: the order is committed. `lost`: it
   * will never become an order, or is no longer an active one.
   */
  readonly answer: "accepted" | "won" | "lost";
}
