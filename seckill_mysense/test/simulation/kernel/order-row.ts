/** The ledger's row of an order. */
export interface OrderRow {
  readonly reservationId: string;
  readonly productId: string;
  readonly userId: string;
  readonly quantity: number;
  state: "reserved" | "paid" | "cancelled" | "expired";
  payBeforeMs: number;
  paymentId: string | undefined;
}
