import { repairedAfterEndMs } from "../domain/sale.ts";
import type { GateStatus } from "../gate/gate.ts";
import type { GateRecord } from "../ledger/gates.ts";

export type GateVerdict =
  | { readonly kind: "fine" }
  /** Nobody ever armed the product. */
  | { readonly kind: "unarmed" }
  /** The server has restarted, or a replica was promoted: the state must be compared with the ledger. */
  | { readonly kind: "unverified" }
  /** Somebody rebuilds the product, with a lease for this long. */
  | { readonly kind: "repairing"; readonly leaseMs: number }
  /** The gate does not have the latest state of the product, and must be rebuilt. */
  | { readonly kind: "lost"; readonly reason: string };

/**
 * Compares a gate with the ledger. The record must have been read before the status: while both work, the gate is ahead
 * of the ledger.
 */
export function judgeGate(record: GateRecord, status: GateStatus | undefined): GateVerdict {
  const { product, armedEpoch } = record;
  if (status === undefined) {
    return armedEpoch === 0 ? { kind: "unarmed" } : lost("the gate knows nothing of the product");
  }
  if (status.repairLeaseMs > 0) return { kind: "repairing", leaseMs: status.repairLeaseMs };
  if (status.epoch !== product.epoch) {
    return lost(`the gate is at epoch ${status.epoch}, the ledger at epoch ${product.epoch}`);
  }
  if (armedEpoch === 0) return { kind: "unarmed" };
  if (!status.open) return lost("a repair was interrupted");
  if (status.sequence < record.sequence) {
    return lost(`the gate is at sequence ${status.sequence}, the ledger has seen sequence ${record.sequence}`);
  }
  return status.verified ? { kind: "fine" } : { kind: "unverified" };
}

/** Gates forget products some time after their sale. What they have forgotten needs no gate any more. */
export function isForgotten({ sale }: GateRecord, status: GateStatus | undefined, nowMs: number): boolean {
  return status === undefined && sale.endsAtMs < nowMs - repairedAfterEndMs;
}

/** The units that a gate must have when nothing of the product is on its way to the ledger. */
export function unitsOwed({ product, taken, pendingReturns }: GateRecord): number {
  return product.total - taken - pendingReturns;
}

/**
 * Whether as many units are taken at the gate as by the ledger, when nothing of the product is on its way. The units that are
 * left do not show it: a gate that has forgotten a change of the total may have as many by chance.
 */
export function agreesOnUnits(status: GateStatus, record: GateRecord): boolean {
  return takenAt(status) === takenBy(record);
}

/** Why the units of a gate are wrong. */
export function describeUnits(status: GateStatus, record: GateRecord): string {
  return `${takenAt(status)} units are taken at the gate, and ${takenBy(record)} by the ledger`;
}

const takenAt = ({ total, available }: GateStatus): number => total - available;
const takenBy = ({ taken, pendingReturns }: GateRecord): number => taken + pendingReturns;

function lost(reason: string): GateVerdict {
  return { kind: "lost", reason };
}
