import type { GateStatus } from "../gate/gate.ts";
import type { GateRecord } from "../ledger/gates.ts";
import { agreesOnUnits, describeUnits, judgeGate, unitsOwed } from "./judge-gate.ts";
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
 * Compares gates whose server has restarted with the ledger, and lets those that have lost nothing sell again, in a new
 * epoch. The outcomes have the order of the gates. The gates are closed to buyers and returns meanwhile, so that only what
 * is on its way can still change the figures.
 */
export async function adoptGates(parts: RecoveryParts, unverified: readonly UnverifiedGate[]): Promise<AdoptOutcome[]> {
  const { gates } = parts;
  const waits = await Promise.all(
    unverified.map(({ record, status, onTheWay }) => onTheWay.find(record, status.outboxLength)),
  );
  // What had arrived by then is in these figures.
  const latest = await readById(gates, unverified);
  const verdicts = unverified.map(({ record, status }, index): AdoptOutcome => {
    const why = waits[index];
    return why === undefined ? compare(latest.get(record.product.id), status) : { kind: "wait", why };
  });
  const complete = unverified.filter((_, index) => verdicts[index]?.kind === "adopted");
  const begun = await gates.beginEpochs(complete.map(({ record }) => record.product));
  // Units that were released in the old epoch count as available in the new one.
  const renewed = await readById(gates, complete);
  const outcomes = await Promise.all(
    unverified.map(async ({ record, status }, index): Promise<AdoptOutcome> => {
      const verdict = verdicts[index]!;
      if (verdict.kind !== "adopted") return verdict;
      const next = renewed.get(record.product.id);
      if (next === undefined || !begun.has(record.product.id))
        return { kind: "wait", why: "another process compares it" };
      const { product } = next;
      if (next.sequence > status.sequence) return { kind: "wait", why: "the ledger has heard of a later state of it" };
      const renewedStock = { sale: next.sale, product, available: unitsOwed(next) };
      const kind = await parts.gate.repair.adopt(product, status, renewedStock);
      return kind === "adopted" ? { kind } : { kind: "wait", why: "the gate has changed meanwhile" };
    }),
  );
  const adopted = unverified.filter((_, index) => outcomes[index]?.kind === "adopted");
  await gates.noteCompared(adopted.map(({ record }) => record.product.id));
  return outcomes;
}

async function readById(
  gates: RecoveryParts["gates"],
  unverified: readonly UnverifiedGate[],
): Promise<Map<string, GateRecord>> {
  const records = await gates.read(unverified.map(({ record }) => record.product.id));
  return new Map(records.map((record) => [record.product.id, record]));
}

function compare(record: GateRecord | undefined, status: GateStatus): AdoptOutcome {
  if (record === undefined) return { kind: "wait", why: "the ledger has no such product" };
  const verdict = judgeGate(record, status);
  if (verdict.kind === "lost") return verdict;
  if (agreesOnUnits(status, record)) return { kind: "adopted" };
  return { kind: "lost", reason: describeUnits(status, record) };
}
