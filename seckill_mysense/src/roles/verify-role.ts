import type { Logger } from "../logging/logger.ts";
import type { LedgerSales } from "../ledger/sales.ts";
import type { Settings } from "../settings/settings.ts";
import { renderReport, type VerificationReport } from "../verify/verification-report.ts";
import { verifySale } from "../verify/verify-sale.ts";
import type { Clock } from "../time/clock.ts";
import { openSharedParts } from "./shared-parts.ts";
import { StartError } from "./start-error.ts";

export interface VerifyOptions {
  readonly settings: Settings;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly saleId: string | undefined;
  readonly atRest: boolean;
  /** One JSON document instead of text. */
  readonly json: boolean;
  readonly print: (text: string) => void;
}

/**
 * Checks the invariants of one sale or of all sales, and prints a report. The system may be running or stopped.
 * @throws StartError if there is no such sale
 */
export async function verifySales(options: VerifyOptions): Promise<VerificationReport["outcome"]> {
  await using cleanup = new AsyncDisposableStack();
  const { atRest, clock, print } = options;
  const { ledger, gate, queue } = await openSharedParts(options, cleanup);
  const reports: VerificationReport[] = [];
  for (const saleId of await saleIds(ledger.sales, options.saleId)) {
    const parts = { ledger, ...(gate !== undefined && { gate }), ...(queue !== undefined && { queue }) };
    const report = await verifySale({ saleId, atRest, nowMs: clock.now(), ...parts });
    // A gate that cannot be found is no reason to call everything good.
    const isBlind = atRest && gate === undefined && report.ok;
    reports.push(isBlind ? { ...report, ok: false, outcome: "unchecked" } : report);
  }
  const outcome = (["violated", "unchecked"] as const).find((bad) => reports.some((report) => report.outcome === bad));
  if (options.json) print(JSON.stringify({ outcome: outcome ?? "holds", sales: reports }));
  else for (const report of reports) print(renderReport(report));
  return outcome ?? "holds";
}

async function saleIds(sales: Pick<LedgerSales, "list">, wanted: string | undefined): Promise<string[]> {
  const ids = (await sales.list()).map(({ id }) => id);
  if (wanted === undefined) return ids;
  if (!ids.includes(wanted)) throw new StartError(`the ledger has no sale ${JSON.stringify(wanted)}`, "sale_not_found");
  return [wanted];
}
