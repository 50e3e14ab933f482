import type { RecordOptions } from "../ledger/orders.ts";
import type { Settings } from "../settings/settings.ts";

/** The times that the settings give to orders and bundles. */
export function recordWindows({ sale }: Settings): Required<RecordOptions> {
  return { payWithinMs: sale.pay_within_seconds * 1_000, collectWithinMs: sale.bundle_seconds * 1_000 };
}
