import type { TransactionId } from "./transaction-message.ts";

/** Far more than are under way at a time. */
const maxKept = 4096;

/**
 * Transactions whose PREPARE this node has refused. A coordinator that gives up tells every node that it has asked,
 * before it has their answers. A node that has no record of the transaction must then know whether the PREPARE is still
 * to come, and has to be refused, or has been here already. The oldest are forgotten first.
 */
export class RefusedPrepares {
  readonly #ids = new Set<TransactionId>();

  get size(): number {
    return this.#ids.size;
  }

  add(id: TransactionId): void {
    if (this.#ids.size >= maxKept) {
      for (const oldest of this.#ids) {
        this.#ids.delete(oldest);
        break;
      }
    }
    this.#ids.add(id);
  }

  /** Whether this node has refused the PREPARE, which is sent only once. It is forgotten with that. */
  take(id: TransactionId): boolean {
    return this.#ids.delete(id);
  }
}
