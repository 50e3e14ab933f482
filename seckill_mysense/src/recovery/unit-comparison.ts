import type { GateStatus } from "../gate/gate.ts";
import type { GateRecord } from "../ledger/gates.ts";
import { agreesOnUnits, describeUnits } from "./judge-gate.ts";
import { OnTheWay } from "./on-the-way.ts";
import type { RecoveryParts } from "./recovery-parts.ts";

export type UnitVerdict =
  | { readonly kind: "agrees" }
  /** The figures move, so that they cannot be compared. */
  | { readonly kind: "moving" }
  /** They stand still and do not agree. What may be the cause is still to be ruled out. */
  | { readonly kind: "wait"; readonly why: string }
  | { readonly kind: "lost"; readonly reason: string };

interface Suspect {
  readonly figures: string;
  readonly onTheWay: OnTheWay;
  /** Nothing was on its way, at an earlier look. */
  isClear: boolean;
}

/** Products of the latest looks that are remembered: those whose figures did not agree. */
const maxSuspects = 10_000;

/**
 * Compares the units of gates that sell with the ledger. A gate can lose a part of its data, such as an outbox that the
 * server evicted, while its counters stay as they were: then units are at no place, and their buyers wait for ever. It is
 * found when the figures of a product stand still, nothing of it is on its way, and they do not add up.
 */
export class UnitComparison {
  readonly #parts: RecoveryParts;
  readonly #suspects = new Map<string, Suspect>();

  constructor(parts: RecoveryParts) {
    this.#parts = parts;
  }

  /** For a gate that is in order otherwise. The record was read before the status. */
  async look(record: GateRecord, status: GateStatus): Promise<UnitVerdict> {
    const { id } = record.product;
    if (agreesOnUnits(status, record)) {
      this.#suspects.delete(id);
      return { kind: "agrees" };
    }
    const figures = figuresOf(record, status);
    const suspect = this.#suspects.get(id);
    if (suspect?.figures !== figures || isChanging(record, status)) {
      this.#remember(id, { figures, onTheWay: new OnTheWay(this.#parts, { counts: false }), isClear: false });
      return { kind: "moving" };
    }
    if (suspect.isClear) {
      this.#suspects.delete(id);
      return { kind: "lost", reason: describeUnits(status, record) };
    }
    const why = await this.#whyNot(suspect, record, status);
    // What had arrived by then is in the figures of the next look.
    suspect.isClear = why === undefined;
    return { kind: "wait", why: why ?? "it is looked at once more" };
  }

  async #whyNot(suspect: Suspect, record: GateRecord, { outboxLength }: GateStatus): Promise<string | undefined> {
    const why = await suspect.onTheWay.find(record, outboxLength);
    if (why !== undefined) return why;
    // An operator may replay a message, which an older epoch would not allow.
    const letters = (await this.#parts.deadLetters?.()) ?? 0;
    return letters > 0 ? `${letters} dead letters wait for an operator` : undefined;
  }

  #remember(id: string, suspect: Suspect): void {
    this.#suspects.delete(id);
    const [oldest] = this.#suspects.keys();
    if (this.#suspects.size >= maxSuspects && oldest !== undefined) this.#suspects.delete(oldest);
    this.#suspects.set(id, suspect);
  }
}

function figuresOf({ product, sequence, taken }: GateRecord, status: GateStatus): string {
  return JSON.stringify([product.epoch, product.total, sequence, taken, status.sequence, status.available]);
}

/** Units are about to leave the sale or to join it, go from one bucket to another, or are on their way back. */
function isChanging({ product, pendingReturns }: GateRecord, { total }: GateStatus): boolean {
  return product.lowering !== undefined || product.total !== total || pendingReturns > 0;
}
