import type { GateStatus } from "../gate/gate.ts";
import type { ProductAudit, SaleAudit } from "../ledger/audit.ts";
import type { QueueDepth } from "../queue/queue.ts";
import type { ToldFindings } from "./told-checks.ts";

/** One product, with the figures of all places where its units can be. */
export interface ProductView {
  readonly audit: ProductAudit;
  /** Undefined if the gate was not asked or does not know the product. */
  readonly gate: GateStatus | undefined;
}

/** All figures of one sale, as input for the checks of the invariants. */
export interface SaleView {
  readonly audit: SaleAudit;
  readonly products: readonly ProductView[];
  readonly gateAsked: boolean;
  readonly queue: QueueDepth | undefined;
  readonly told: ToldFindings | undefined;
  /** Nothing changed between the first and the second reading. */
  readonly still: boolean;
}
