import type { GateRecord } from "../ledger/gates.ts";
import { OnTheWay } from "./on-the-way.ts";
import type { RecoveryParts } from "./recovery-parts.ts";

/** A sequence of a gate in one of its epochs. */
export interface SeenSequence {
  readonly epoch: number;
  readonly sequence: number;
}

interface Concern {
  seen: SeenSequence;
  readonly sinceMs: number;
  dueMs: number;
  isRepairing: boolean;
  /** What was logged about it last. */
  told: string;
  readonly onTheWay: OnTheWay;
}

const nothingSeen: SeenSequence = { epoch: 0, sequence: 0 };

/** The products that are not in order, with the moment at which each is to be looked at again. */
export class Concerns {
  readonly #parts: RecoveryParts;
  readonly #concerns = new Map<string, Concern>();

  constructor(parts: RecoveryParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#concerns.size;
  }

  /** Whether the product was in order until now. */
  add(productId: string, seen: SeenSequence): boolean {
    const isNew = !this.#concerns.has(productId);
    const concern = this.#find(productId);
    const { epoch, sequence } = concern.seen;
    if (seen.epoch > epoch || (seen.epoch === epoch && seen.sequence > sequence)) concern.seen = seen;
    return isNew;
  }

  /** The record with the highest sequence that a gateway has seen, which may not have reached the ledger. */
  withSeen(record: GateRecord): GateRecord {
    const seen = this.#concerns.get(record.product.id)?.seen;
    const isAhead = seen?.epoch === record.product.epoch && seen.sequence > record.sequence;
    return isAhead ? { ...record, sequence: seen.sequence } : record;
  }

  settle(productId: string): void {
    this.#concerns.delete(productId);
  }

  postpone(productId: string, byMs: number): void {
    this.#find(productId).dueMs = this.#nowMs() + byMs;
  }

  areDue(): boolean {
    return this.nextInMs() === 0;
  }

  nextInMs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { dueMs, isRepairing } of this.#concerns.values()) if (!isRepairing) next = Math.min(next, dueMs);
    return Math.max(0, next - this.#nowMs());
  }

  takeDue(limit: number): string[] {
    const nowMs = this.#nowMs();
    const due: string[] = [];
    for (const [productId, concern] of this.#concerns) {
      if (due.length === limit) break;
      if (concern.isRepairing || concern.dueMs > nowMs) continue;
      concern.dueMs = nowMs + 1_000;
      due.push(productId);
    }
    return due;
  }

  ageMs(productId: string): number {
    return this.#nowMs() - this.#find(productId).sinceMs;
  }

  onTheWay(productId: string): OnTheWay {
    return this.#find(productId).onTheWay;
  }

  isRepairing(productId: string): boolean {
    return this.#concerns.get(productId)?.isRepairing === true;
  }

  beginRepair(productId: string): void {
    this.#find(productId).isRepairing = true;
  }

  endRepair(productId: string): void {
    const concern = this.#concerns.get(productId);
    if (concern !== undefined) concern.isRepairing = false;
  }

  /** Logs the problem, once for as long as it stays the same. */
  tell(productId: string, message: string, reason: string): void {
    const concern = this.#find(productId);
    // Figures change from one attempt to the next.
    const text = `${message}: ${reason.replaceAll(/\d+/g, "0")}`;
    if (concern.told === text) return;
    concern.told = text;
    this.#parts.logger.error(message, { productId, reason });
  }

  #find(productId: string): Concern {
    let concern = this.#concerns.get(productId);
    if (concern === undefined) {
      const nowMs = this.#nowMs();
      concern = {
        seen: nothingSeen,
        sinceMs: nowMs,
        dueMs: nowMs,
        isRepairing: false,
        told: "",
        onTheWay: new OnTheWay(this.#parts),
      };
      this.#concerns.set(productId, concern);
    }
    return concern;
  }

  #nowMs(): number {
    return this.#parts.clock.elapsedMs();
  }
}
