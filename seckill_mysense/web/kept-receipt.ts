/** Of a browser that several people may use. */
interface ReceiptKey {
  readonly saleID: string;
  readonly userID: string;
}

/** Receipts of this browser, by sale and user. They are proofs for the buyer, not secrets. */
const keyOf = ({ saleID, userID }: ReceiptKey): string => `seckill-receipt/${saleID}/${userID}`;

/** Keeps a receipt for the time after the draw. A browser that keeps nothing still shows it until the page is closed. */
export function keepReceipt(key: ReceiptKey, receipt: unknown): void {
  try {
    localStorage.setItem(keyOf(key), JSON.stringify(receipt));
  } catch {
    // A full or forbidden storage: the shop gives the same receipt again to whoever enters again.
  }
}

/** The receipt as text, as the check of a draw takes it. */
export function receiptOf(key: ReceiptKey): string | undefined {
  try {
    return localStorage.getItem(keyOf(key)) ?? undefined;
  } catch {
    return undefined;
  }
}
