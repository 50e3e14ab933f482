import type { GateStatus } from "../gate/gate.ts";
import type { ProductAudit, SaleAudit } from "../ledger/audit.ts";
import type { QueueDepth } from "../queue/queue.ts";
import type { ToldFindings } from "./told-checks.ts";

/** A gate's status without the figures that change by themselves. */
export type GateFigures = Omit<GateStatus, "nowMs" | "repairLeaseMs">;

/** One product, with the figures of all places where its units can be. */
export interface ProductView {
  readonly audit: ProductAudit;
  /** Undefined if the gate was not asked or does not know the product. */
  readonly gate: GateFigures | undefined;
}

/** All figures of one sale, as input for the checks of the invariants. */
export interface SaleView {
  readonly audit: SaleAudit;
  readonly products: readonly ProductView[];
  readonly gateAsked: boolean;
  readonly queue: QueueDepth | undefined;
  readonly told: ToldFindings | undefined;
  /** Unix milliseconds, if the caller gave it. */
  readonly nowMs: number | undefined;
  /** Nothing changed between the first and the second reading. */
  readonly still: boolean;
}
