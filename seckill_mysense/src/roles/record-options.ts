import type { RecordOptions } from "../ledger/orders.ts";
import type { Settings } from "../settings/settings.ts";

/** The times that orders and bundles have in this sale. */
export function recordOptionsOf({ sale }: Settings): Required<RecordOptions> {
  return { payWithinMs: sale.pay_within_seconds * 1_000, collectWithinMs: sale.bundle_seconds * 1_000 };
}
