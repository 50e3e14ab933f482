import { OnTheWay } from "./on-the-way.ts";
import type { RecoveryParts } from "./recovery-parts.ts";

interface Concern {
  readonly sinceMs: number;
  dueMs: number;
  isRepairing: boolean;
  /** What was logged about it last. */
  told: string;
  readonly onTheWay: OnTheWay;
}

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
  add(productId: string): boolean {
    if (this.#concerns.has(productId)) return false;
    this.#find(productId);
    return true;
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
      concern = { sinceMs: nowMs, dueMs: nowMs, isRepairing: false, told: "", onTheWay: new OnTheWay(this.#parts) };
      this.#concerns.set(productId, concern);
    }
    return concern;
  }

  #nowMs(): number {
    return this.#parts.clock.elapsedMs();
  }
}
