/** The ledger's row of a product, or of one bucket of a product. */
export interface ProductRow {
  readonly id: string;
  total: number;
  limitPerUser: number;
  paused: boolean;
  /** Infinity while nobody has ended the sale. */
  endsAtMs: number;
  reserved: number;
  sold: number;
  epoch: number;
  /** The revision of the row's last change, and that at which its waiting list was opened. */
  version: number;
  waitingSince?: number | undefined;
  /** A lower total that is asked for, the revision at which it was, and the bucket that gets the units, if one does. */
  lowering?: Lowering | undefined;
  /** The last epoch for which somebody set out to arm the gate; 0 when the gate was never armed. */
  armedEpoch: number;
  /** The highest sequence of the gate that the ledger has heard of in this epoch, and before. */
  mark: number;
}

export interface Lowering {
  readonly total: number;
  readonly since: number;
  readonly to?: string | undefined;
}

/** A copy of the row, with figures of the same moment. */
export interface ProductRecord extends Readonly<ProductRow> {
  readonly taken: number;
  /** Units of the epoch that wait to be returned. */
  readonly pending: number;
  /** Units that the gate must have when nothing is on its way. */
  readonly owed: number;
}
