import { ask, insist, type Steps } from "./actor.ts";
import type { Message, Reserved } from "./simulated-gate.ts";
import type { ProductRow } from "./product-row.ts";
import type { Shop } from "./shop.ts";

/** A web server. It remembers the newest state of each product's gate that it has seen. */
export class Gateway {
  readonly #shop: Shop;
  readonly #known = new Map<string, { epoch: number; sequence: number }>();
  /** The same, of products that it was told are closed. The keeper in its process looks at these. */
  readonly #seen = new Map<string, { epoch: number; sequence: number }>();
  /** The rows that it read last, or was told. */
  readonly rows = new Map<string, ProductRow>();
  /** How far its clock is off. */
  readonly #skewMs: number;

  constructor(shop: Shop) {
    this.#shop = shop;
    this.#skewMs = shop.chance.between(-5, 5) * 1_000;
  }

  learnRows(rows: readonly ProductRow[]): void {
    for (const row of rows) {
      const known = this.rows.get(row.id);
      if (known === undefined || known.version <= row.version) this.rows.set(row.id, row);
    }
  }

  /** A killed gateway comes back without its memory. */
  forget(): void {
    this.#known.clear();
    this.#seen.clear();
    this.rows.clear();
  }

  *reserve(request: Omit<Message, "epoch" | "sequence">): Steps<Reserved> {
    const { gate, ledger } = this.#shop;
    const { productId } = request;
    const refusal = this.#refuseEarly();
    if (refusal !== undefined) return refusal;
    if (!this.#known.has(productId)) {
      const row = yield* insist("ledger", "gateway reads the product", () => ({ ...ledger.product(productId) }));
      this.#learn(productId, row.epoch, row.mark);
    }
    const known = { ...(this.#known.get(productId) ?? { epoch: 0, sequence: 0 }) };
    const outcome = yield* ask("gate", `gateway reserves ${request.reservationId}`, () => gate.reserve(request, known));
    if (outcome.kind === "closed") this.#seen.set(productId, known);
    if (outcome.kind === "accepted") this.#learn(productId, outcome.message.epoch, outcome.message.sequence);
    return outcome;
  }

  /** The highest sequence of the gate in this epoch of which the keeper knows; 0 if of none. */
  seenSequence(productId: string, epoch: number): number {
    const seen = this.#seen.get(productId);
    return seen?.epoch === epoch && !this.#shop.has("keeper does not hear what gateways have seen") ? seen.sequence : 0;
  }

  #refuseEarly(): Reserved | undefined {
    const { nowMs, startsAtMs } = this.#shop;
    if (!this.#shop.has("gateway's clock decides the start") || nowMs + this.#skewMs >= startsAtMs) return undefined;
    if (nowMs >= startsAtMs) this.#shop.fail("a buyer was turned away as too early after the start");
    return { kind: "not_started" };
  }

  #learn(productId: string, epoch: number, sequence: number): void {
    const known = this.#known.get(productId);
    // A sequence can be compared only within its epoch: a lost gate may have been further than its successor.
    const isNewer = known === undefined || epoch > known.epoch || (epoch === known.epoch && sequence > known.sequence);
    if (isNewer) this.#known.set(productId, { epoch, sequence });
  }
}
