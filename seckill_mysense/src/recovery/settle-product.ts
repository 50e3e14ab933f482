import type { GateStatus } from "../gate/gate.ts";
import type { GateRecord } from "../ledger/gates.ts";
import { pause } from "../time/pause.ts";
import { adoptGates } from "./adopt-gates.ts";
import { describeUnits, isForgotten, judgeGate } from "./judge-gate.ts";
import { OnTheWay } from "./on-the-way.ts";
import type { RecoveryParts } from "./recovery-parts.ts";
import { repairGate } from "./repair-gate.ts";
import { UnitComparison } from "./unit-comparison.ts";

export interface SettleRequest {
  readonly productId: string;
  /** Changes nothing, and says what would be done. */
  readonly dryRun: boolean;
  /** Does not wait for reservations on their way; the ledger will refuse them. */
  readonly force: boolean;
  /** Rebuilds the product even if nothing is wrong with it. */
  readonly always: boolean;
}

export interface ProductRepair {
  readonly productId: string;
  readonly outcome: "fine" | "adopted" | "repaired" | "would_repair" | "would_compare" | "not_done";
  readonly detail: string;
}

/** The end of one attempt, or the reason for another one. */
type Attempt = Omit<ProductRepair, "productId"> | { readonly again: string };

const maxTries = 400;
const tryEveryMs = 50;

/** Brings one product in order, as an operator asks for it. Waits for another process that is about it already. */
export async function settleProduct(parts: RecoveryParts, request: SettleRequest): Promise<ProductRepair> {
  const { productId } = request;
  const onTheWay = new OnTheWay(parts);
  const units = new UnitComparison(parts);
  let why = "";
  for (let tries = 0; tries < maxTries; tries++) {
    if (tries > 0) await pause(tryEveryMs);
    const [record] = await parts.gates.read([productId]);
    if (record === undefined) return { productId, outcome: "not_done", detail: "the ledger has no such product" };
    const status = await parts.gate.status(record.sale.id, productId);
    const attempt = await tryOnce(parts, request, { record, status, onTheWay, units, isLater: tries > 0 });
    if (!("again" in attempt)) return { productId, ...attempt };
    why = attempt.again;
  }
  return { productId, outcome: "not_done", detail: `not done: ${why}` };
}

interface Found {
  readonly record: GateRecord;
  readonly status: GateStatus | undefined;
  readonly onTheWay: OnTheWay;
  readonly units: UnitComparison;
  /** Whether this is not the first look. */
  readonly isLater: boolean;
}

async function tryOnce(parts: RecoveryParts, request: SettleRequest, found: Found): Promise<Attempt> {
  const { record, status } = found;
  if (!request.always && isForgotten(record, status, parts.clock.now())) {
    return { outcome: "fine", detail: "forgotten by its gate, long after its sale" };
  }
  const verdict = judgeGate(record, status);
  if (verdict.kind === "unarmed") return { outcome: "fine", detail: "not armed yet" };
  if (verdict.kind === "repairing") return { again: "another process repairs it" };
  if (verdict.kind === "lost") return rebuild(parts, request, { ...found, reason: verdict.reason });
  if (request.always) return rebuild(parts, request, { ...found, reason: "an operator has asked for it" });
  return verdict.kind === "fine" ? compareUnits(parts, request, found) : compare(parts, request, found);
}

/** A product whose figures move sells, and its gate is compared by the keeper as soon as they stand still. */
async function compareUnits(parts: RecoveryParts, request: SettleRequest, found: Found): Promise<Attempt> {
  const compared = await found.units.look(found.record, found.status!);
  if (compared.kind === "lost") return rebuild(parts, request, { ...found, reason: compared.reason });
  if (compared.kind === "wait") return { again: compared.why };
  if (compared.kind === "moving" && !found.isLater) return { again: "its units do not agree" };
  return { outcome: "fine", detail: "in order" };
}

async function rebuild(
  parts: RecoveryParts,
  { dryRun, force }: SettleRequest,
  { record, status, onTheWay, reason }: Found & { readonly reason: string },
): Promise<Attempt> {
  if (dryRun) return { outcome: "would_repair", detail: `would be rebuilt: ${reason}` };
  const outcome = await repairGate(parts, { record, status, reason, force, onTheWay });
  if (outcome.kind === "not_drained") return { outcome: "not_done", detail: `stays closed: ${outcome.why}` };
  if (outcome.kind !== "repaired") return { again: "another process repairs it" };
  const { epoch, units } = outcome;
  return { outcome: "repaired", detail: `rebuilt in epoch ${epoch} with ${units} units: ${reason}` };
}

async function compare(parts: RecoveryParts, request: SettleRequest, found: Found): Promise<Attempt> {
  const { record, onTheWay } = found;
  const status = found.status!;
  if (request.dryRun) {
    const units = describeUnits(status, record);
    return { outcome: "would_compare", detail: `would be compared, since its server has restarted: ${units}` };
  }
  const [compared] = await adoptGates(parts, [{ record, status, onTheWay }]);
  if (compared!.kind === "adopted") return { outcome: "adopted", detail: "complete after a restart of its server" };
  if (compared!.kind === "wait") return { again: compared!.why };
  return rebuild(parts, request, { ...found, reason: compared!.reason });
}
