/** Receipts of this browser, by sale. They are proofs for the buyer, not secrets. */
const keyOf = (saleID: string): string => `seckill-receipt/${saleID}`;

/** Keeps a receipt for the time after the draw. A browser that keeps nothing still shows it until the page is closed. */
export function keepReceipt(saleID: string, receipt: unknown): void {
  try {
    localStorage.setItem(keyOf(saleID), JSON.stringify(receipt));
  } catch {
    // A full or forbidden storage: the shop gives the same receipt again to whoever enters again.
  }
}

/** The receipt as text, as the check of a draw takes it. */
export function receiptOf(saleID: string): string | undefined {
  try {
    return localStorage.getItem(keyOf(saleID)) ?? undefined;
  } catch {
    return undefined;
  }
}
