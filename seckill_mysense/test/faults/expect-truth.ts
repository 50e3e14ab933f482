import type { Ledger } from "../../src/ledger/ledger.ts";
import type { ToldAnswer } from "../../src/verify/told-answer.ts";
import { renderReport } from "../../src/verify/verification-report.ts";
import { verifySale } from "../../src/verify/verify-sale.ts";

/** Judges what every client was told by the ledger, of all sales, which must be at rest. Throws with the verifier's report. */
export async function expectTruth(
  ledger: Pick<Ledger, "sales" | "audit" | "orders">,
  told: readonly ToldAnswer[],
): Promise<void> {
  const judged = new Set<string>();
  for (const { id: saleId } of await ledger.sales.list()) {
    const report = await verifySale({ saleId, ledger, told });
    if (!report.ok) throw new Error(renderReport(report));
    for (const { productId } of report.products) judged.add(productId);
  }
  // Answers about products that no sale has would not be judged.
  const unjudged = told.find(({ productId }) => !judged.has(productId));
  if (told.length === 0 || unjudged !== undefined) {
    throw new Error(
      `${told.length} answers were to be judged, among them one about ${unjudged?.productId ?? "nothing"}`,
    );
  }
}
