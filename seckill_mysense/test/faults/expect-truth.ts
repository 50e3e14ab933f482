import type { Ledger } from "../../src/ledger/ledger.ts";
import type { ToldAnswer } from "../../src/verify/told-answer.ts";
import { renderReport } from "../../src/verify/verification-report.ts";
import { verifySale } from "../../src/verify/verify-sale.ts";

/** Judges what every client was told by the ledger, of all sales, which must be at rest. Throws with the verifier's report. */
export async function expectTruth(
  ledger: Pick<Ledger, "sales" | "audit" | "orders">,
  told: readonly ToldAnswer[],
): Promise<void> {
  // Otherwise nothing is judged.
  if (told.length === 0) throw new Error("no client was told anything");
  for (const { id: saleId } of await ledger.sales.list()) {
    const report = await verifySale({ saleId, ledger, told });
    if (!report.ok) throw new Error(renderReport(report));
  }
}
