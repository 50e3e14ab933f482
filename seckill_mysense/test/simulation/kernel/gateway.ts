import { ask, insist, type Steps } from "./actor.ts";
import type { Message, Reserved } from "./simulated-gate.ts";
import type { Shop } from "./shop.ts";

/** A web server. It remembers the newest state of each product's gate that it has seen. */
export class Gateway {
  readonly #shop: Shop;
  readonly #known = new Map<string, { epoch: number; sequence: number }>();
  /** How far its clock is off. */
  readonly #skewMs: number;

  constructor(shop: Shop) {
    this.#shop = shop;
    this.#skewMs = shop.chance.between(-5, 5) * 1_000;
  }

  /** A killed gateway comes back without its memory. */
  forget(): void {
    this.#known.clear();
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
    if (outcome.kind === "accepted") this.#learn(productId, outcome.message.epoch, outcome.message.sequence);
    return outcome;
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
