/** The ledger's row of a product. */
export interface ProductRow {
  readonly id: string;
  readonly total: number;
  readonly limitPerUser: number;
  reserved: number;
  sold: number;
  epoch: number;
  /** The revision of the row's last change, and that at which its waiting list was opened. */
  version: number;
  waitingSince?: number | undefined;
  /** The last epoch for which somebody set out to arm the gate; 0 when the gate was never armed. */
  armedEpoch: number;
  /** The highest sequence of the gate that the ledger has heard of in this epoch, and before. */
  mark: number;
}
