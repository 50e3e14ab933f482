import { waitUntil } from "../../../tools/test-services/index.ts";
import { renderReport } from "../../src/verify/verification-report.ts";
import { type VerifySaleOptions, verifySale } from "../../src/verify/verify-sale.ts";

/**
 * Waits until all invariants of a sale hold. A gate or a ledger that does not answer in time is asked again: the machine may
 * be busy. Throws with the last report, or with the last error.
 */
export async function untilVerified(options: VerifySaleOptions, timeoutMs: number): Promise<void> {
  let seen = "the verifier did not answer";
  const holds = async (): Promise<boolean> => {
    try {
      const report = await verifySale(options);
      seen = renderReport(report);
      return report.ok;
    } catch (error) {
      seen = String(error);
      return false;
    }
  };
  await waitUntil(holds, { what: "the invariants to hold", timeoutMs }).catch((error: Error) => {
    throw new Error(`${error.message}:\n${seen}`);
  });
}
