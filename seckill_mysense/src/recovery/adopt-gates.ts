import type { GateStatus } from "../gate/gate.ts";
import type { GateRecord } from "../ledger/gates.ts";
import { judgeGate, unitsOwed } from "./judge-gate.ts";
import type { OnTheWay } from "./on-the-way.ts";
import type { RecoveryParts } from "./recovery-parts.ts";

/** A product whose server has restarted, with the gate's status. */
export interface UnverifiedGate {
  readonly record: GateRecord;
  readonly status: GateStatus;
  readonly onTheWay: OnTheWay;
}

export type AdoptOutcome =
  | { readonly kind: "adopted" }
  /** It cannot be said yet whether the gate is complete. */
  | { readonly kind: "wait"; readonly why: string }
  /** Units are missing or were sold twice: the gate has lost data. */
  | { readonly kind: "lost"; readonly reason: string };

/**
 * Compares gates whose server has restarted with the ledger, and lets those that have lost nothing sell again. The
 * outcomes have the order of the gates. The gates are closed to buyers and returns meanwhile, so that only what is on its
 * way can still change the figures.
 */
export async function adoptGates(parts: RecoveryParts, unverified: readonly UnverifiedGate[]): Promise<AdoptOutcome[]> {
  const waits = await Promise.all(
    unverified.map(({ record, status, onTheWay }) => onTheWay.find(record, status.outboxLength)),
  );
  // What had arrived by then is in these figures.
  const records = await parts.gates.read(unverified.map(({ record }) => record.product.id));
  const latest = new Map(records.map((record) => [record.product.id, record]));
  const outcomes = await Promise.all(
    unverified.map(async ({ record, status }, index): Promise<AdoptOutcome> => {
      const why = waits[index];
      if (why !== undefined) return { kind: "wait", why };
      return compare(parts, latest.get(record.product.id), status);
    }),
  );
  const adopted = unverified.filter((_, index) => outcomes[index]?.kind === "adopted");
  await parts.gates.noteCompared(adopted.map(({ record }) => record.product.id));
  return outcomes;
}

async function compare(
  { gate }: RecoveryParts,
  record: GateRecord | undefined,
  status: GateStatus,
): Promise<AdoptOutcome> {
  if (record === undefined) return { kind: "wait", why: "the ledger has no such product" };
  const verdict = judgeGate(record, status);
  if (verdict.kind === "lost") return verdict;
  const owed = unitsOwed(record);
  if (status.available !== owed) {
    return { kind: "lost", reason: `the gate has ${status.available} units, but by the ledger it must have ${owed}` };
  }
  const outcome = await gate.repair.adopt(record.product, status);
  return outcome === "adopted" ? { kind: "adopted" } : { kind: "wait", why: "the gate has changed meanwhile" };
}
