import type { GateStatus } from "../gate/gate.ts";
import type { ProductAudit, SaleAudit } from "../ledger/audit.ts";
import type { ToldFindings } from "./told-checks.ts";

/** One product in all places at which its units can be. */
export interface ProductView {
  readonly audit: ProductAudit;
  /** Undefined when the gate was not asked or knows nothing of the product. */
  readonly gate: GateStatus | undefined;
}

/** All that was read of one sale: what the checks of the invariants work on. */
export interface SaleView {
  readonly audit: SaleAudit;
  readonly products: readonly ProductView[];
  readonly gateAsked: boolean;
  readonly queue: { readonly ready: number; readonly deadLettered: number } | undefined;
  readonly told: ToldFindings | undefined;
  /** Nothing changed between a first and a second look. */
  readonly still: boolean;
}
