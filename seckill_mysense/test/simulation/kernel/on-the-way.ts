import type { ConsumerReport } from "../../../src/recovery/consumer-report.ts";
import { Watermark } from "../../../src/recovery/watermark.ts";
import { insist, type Steps } from "./actor.ts";
import type { Shop } from "./shop.ts";
import { heartbeatTimes } from "./simulated-heartbeats.ts";

/** Follows one product whose gate accepts nothing: whether messages of it are on their way to the ledger. */
export class OnTheWay {
  readonly #shop: Shop;
  readonly #name: string;
  readonly #watermark: Watermark;
  readonly #counts: boolean;
  /** How often the gate had lost data when this was begun, and how many consumers had left. */
  readonly #losses: number;
  readonly #left: number;
  readonly #shuffles: number;
  readonly #seen = new Set<string>();

  constructor(shop: Shop, name: string, { counts = true } = {}) {
    this.#shop = shop;
    this.#name = name;
    this.#losses = shop.losses;
    this.#left = shop.heartbeats.left.length;
    this.#shuffles = shop.shuffles;
    this.#counts = counts;
    this.#watermark = new Watermark({ counts, times: heartbeatTimes });
  }

  /** True when nothing is. The product's row must be older than the length of the outbox. */
  *isOver(epoch: number, outboxLength: number): Steps<boolean> {
    if (outboxLength > 0) {
      this.#watermark.clear();
      return false;
    }
    const { reports, nowMs: askedMs } = yield* this.#readReports();
    const { ready, connected, nowMs } = yield* this.#readQueue();
    return this.#look({ epoch, askedMs, reports, ready, connected, nowMs });
  }

  #readReports(): Steps<{ reports: ConsumerReport[]; nowMs: number }> {
    const { heartbeats } = this.#shop;
    return insist("ledger", `${this.#name} reads the heartbeats`, () => {
      return { reports: heartbeats.reports(), nowMs: this.#shop.nowMs };
    });
  }

  #readQueue(): Steps<{ ready: number; connected: number; nowMs: number }> {
    const { queue } = this.#shop;
    return insist("queue", `${this.#name} looks at the queue`, () => {
      const { nowMs } = this.#shop;
      if (nowMs < queue.leaderAwayUntilMs) return this.#lookWithoutLeader(nowMs);
      const isUncounted = this.#shop.has("a silent consumer counts as gone");
      return { ready: queue.ready.length, connected: isUncounted ? 1 : queue.connected, nowMs };
    });
  }

  #lookWithoutLeader(nowMs: number): { ready: number; connected: number; nowMs: number } {
    // The mistake: an answer that is counted, as if a consumer had spoken for the queue.
    const isBelieved = this.#shop.has("a queue without a leader counts as empty");
    return { ready: 0, connected: isBelieved ? 1 : 0, nowMs };
  }

  /**
   * Called when nothing is on its way. A gate that falls back meanwhile may bring back an outbox that was empty. And a
   * consumer that came and left between two looks is not known, nor what it has given back. Nor does the watermark hold
   * in a queue that does not keep its order.
   */
  check(productId: string, epoch: number): void {
    const shop = this.#shop;
    const isUnseen = shop.heartbeats.left.slice(this.#left).some((instance) => !this.#seen.has(instance));
    if ((this.#counts && isUnseen) || shop.shuffles !== this.#shuffles) shop.mayLoseReservations = true;
    else if (shop.losses === this.#losses) checkNothingIsOnTheWay(shop, productId, epoch);
  }

  #look(look: Parameters<Watermark["look"]>[0]): boolean {
    const shop = this.#shop;
    const ignoresHands = shop.has("repair does not look into the consumers' hands");
    const reports = ignoresHands ? look.reports.map((report) => ({ ...report, ageMs: -1e9, held: 0 })) : look.reports;
    for (const { instance } of look.reports) this.#seen.add(instance);
    const ready = shop.has("the repair does not wait for the watermark") ? 0 : look.ready;
    return this.#watermark.look({ ...look, reports, ready }) === undefined;
  }
}

/**
 * What the watermark promises: every message of the product has been decided, also those in the hands of consumers that
 * say nothing.
 */
function checkNothingIsOnTheWay(shop: Shop, productId: string, epoch: number): void {
  const { ledger, queue, consumers } = shop;
  const row = ledger.product(productId);
  // Another repair was faster, and this one will notice.
  if (row.epoch !== epoch) return;
  const isOpen = ({ message, isLate }: (typeof queue.ready)[number]): boolean =>
    message.productId === productId && message.epoch === epoch && !isLate && !ledger.knows(message.reservationId);
  const waiting = queue.ready.filter(isOpen);
  for (const name of consumers.keys()) waiting.push(...queue.heldBy(name).filter(isOpen));
  for (const { message } of waiting) {
    shop.fail(`the repair of ${productId} does not wait for ${message.reservationId}, which is on its way`);
  }
}
