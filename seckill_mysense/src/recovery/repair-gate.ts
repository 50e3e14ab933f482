import type { GateStatus } from "../gate/gate.ts";
import { maxFilled, type RepairLease } from "../gate/gate-repair.ts";
import type { GateContent, GateRecord } from "../ledger/gates.ts";
import { pause } from "../time/pause.ts";
import { unitsOwed } from "./judge-gate.ts";
import { OnTheWay } from "./on-the-way.ts";
import { defaultTimes, type RecoveryParts } from "./recovery-parts.ts";

export interface RepairRequest {
  /** As it was read before the status. */
  readonly record: GateRecord;
  /** The gate's status at the moment when the loss was found. */
  readonly status: GateStatus | undefined;
  readonly reason: string;
  /** Does not wait for what is on its way: the ledger will refuse it as `gate_lost`. */
  readonly force?: boolean;
  /** From an attempt before, so that what has been waited for is not waited for again. */
  readonly onTheWay?: OnTheWay;
  /** Aborted when this process stops: the wait ends, and another process goes on. */
  readonly signal?: AbortSignal | undefined;
}

export type RepairOutcome =
  | { readonly kind: "repaired"; readonly epoch: number; readonly units: number; readonly orders: number }
  /** Another repairer works on the product, with a lease for this long. */
  | { readonly kind: "busy"; readonly leaseMs: number }
  /** Another repairer was faster. */
  | { readonly kind: "overtaken" }
  /** Reservations are still on their way. The product stays closed. */
  | { readonly kind: "not_drained"; readonly why: string };

const pollMs = 50;

/**
 * Rebuilds a product's gate from the ledger. Every step may be repeated, and several processes may try at once. An
 * interrupted repair leaves the product closed, and starts over in any process after its lease has ended.
 */
export async function repairGate(parts: RecoveryParts, request: RepairRequest): Promise<RepairOutcome> {
  const { gates, gate, clock, repairer } = parts;
  const { product } = request.record;
  const leaseMs = parts.times?.leaseMs ?? defaultTimes.leaseMs;
  const lease: RepairLease = { product, token: crypto.randomUUID(), leaseMs };
  const startedMs = clock.elapsedMs();
  // The record is older than the status. If another repair ended between the two, the product is in order.
  const [latest] = await gates.read([product.id]);
  if (latest?.product.epoch !== product.epoch) return { kind: "overtaken" };
  const begun = await gate.repair.begin(lease, request.status?.epoch);
  if (begun.kind === "busy") return begun;
  if (begun.kind === "changed") return { kind: "overtaken" };
  const why = request.force === true ? undefined : await drain(parts, lease, request);
  if (why !== undefined) {
    await gate.repair.leave(lease);
    return { kind: "not_drained", why };
  }
  if (!(await fence(parts, request.record, begun.epoch))) {
    await gate.repair.leave(lease);
    return { kind: "overtaken" };
  }
  const { reason } = request;
  const fromEpoch = product.epoch;
  const id = await gates.startRepair({ productId: product.id, reason, startedBy: repairer, fromEpoch });
  const content = await gates.content(product.id);
  if (content === undefined) throw new Error(`the ledger has no product ${product.id} any more`);
  if (!(await fill(parts, lease, content))) return { kind: "overtaken" };
  const { epoch } = content.record.product;
  // Written before the gate opens: a later repair then knows that this epoch may have sold, and begins another one.
  if (!(await gates.noteArmed([product.id], epoch)).has(product.id)) return { kind: "overtaken" };
  const units = Math.max(0, unitsOwed(content.record));
  if (!(await finish(parts, lease, { content, units }))) return { kind: "overtaken" };
  await gates.endRepair(id, { toEpoch: epoch, units });
  await gates.noteCompared([product.id]);
  const orders = content.holders.size;
  parts.logger.warn("the gate was rebuilt from the ledger, and sells again", {
    ...{ productId: product.id, saleId: product.saleId, reason, epoch, units, buyers: orders },
    tookMs: Math.round(clock.elapsedMs() - startedMs),
  });
  return { kind: "repaired", epoch, units, orders };
}

/** Waits until nothing is on its way to the ledger. Gives the reason for giving up. */
async function drain(parts: RecoveryParts, lease: RepairLease, request: RepairRequest): Promise<string | undefined> {
  const { gate, gates, clock, queue } = parts;
  // Waiting would only keep the lease from a process that can ask the queue.
  if (queue === undefined) return "this process cannot ask the queue";
  const { onTheWay = new OnTheWay(parts) } = request;
  const untilMs = clock.elapsedMs() + (parts.times?.drainMs ?? defaultTimes.drainMs);
  for (;;) {
    const renewed = await gate.repair.begin(lease, request.status?.epoch);
    if (renewed.kind !== "begun") return "another process repairs the product";
    const [record] = await gates.read([lease.product.id]);
    if (record === undefined) return "the ledger has no such product";
    const why = await onTheWay.find(record, renewed.outboxLength);
    if (why === undefined) return undefined;
    if (clock.elapsedMs() > untilMs || request.signal?.aborted === true) return why;
    await pause(pollMs, request.signal);
  }
}

/**
 * Makes sure that the product is in an epoch in which nobody can have sold: from then on the ledger refuses everything of
 * older epochs that it does not have. An epoch that was begun and never opened is used again. False if the epoch is not
 * the one that was found at first: another repair was faster, and this one must not end the epoch of its promises.
 */
async function fence({ gates }: RecoveryParts, { product }: GateRecord, gateEpoch: number): Promise<boolean> {
  const [record] = await gates.read([product.id]);
  const { epoch } = product;
  if (record?.product.epoch !== epoch) return false;
  if (record.armedEpoch < epoch && gateEpoch < epoch) return true;
  // A gate can be ahead of a ledger that was restored from a backup.
  return gates.raiseEpoch(product.id, epoch, Math.max(epoch, gateEpoch) + 1);
}

async function fill({ gate }: RecoveryParts, lease: RepairLease, content: GateContent): Promise<boolean> {
  const holders = [...content.holders];
  for (let start = 0; start === 0 || start < holders.length; start += maxFilled) {
    const some = holders.slice(start, start + maxFilled);
    if ((await gate.repair.fillHolders(lease, some, start === 0)) === "lost") return false;
  }
  for (let start = 0; start === 0 || start < content.decided.length; start += maxFilled) {
    const some = content.decided.slice(start, start + maxFilled);
    if ((await gate.repair.fillDecided(lease, some, start === 0)) === "lost") return false;
  }
  return true;
}

async function finish(
  { gate }: RecoveryParts,
  lease: RepairLease,
  { content, units }: { readonly content: GateContent; readonly units: number },
): Promise<boolean> {
  const { sale, product, sequence } = content.record;
  const counts = { holders: content.holders.size, decided: content.decided.length };
  return (await gate.repair.finish(lease, { sale, product, available: units, sequence, ...counts })) === "finished";
}
