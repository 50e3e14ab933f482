/** What one client was told about one reservation; there may be several answers about the same one. */
export interface ToldAnswer {
  readonly reservationId: string;
  readonly productId: string;
  readonly userId: string;
  /**
   * `accepted`: the gate took it, the ledger has yet to decide. `won`: the order is committed. `lost`: it will never be
   * an order, or is one no longer.
   */
  readonly answer: "accepted" | "won" | "lost";
}
