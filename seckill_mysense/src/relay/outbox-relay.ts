import type { Logger } from "../logging/logger.ts";
import { backoffMs, pause } from "../time/pause.ts";
import { traceMessages } from "../tracing/tracing.ts";
import type { ReservationQueue } from "../queue/queue.ts";
import type { Clock } from "../gate/clock.ts";
import type { Gate, OutboxEntry } from "../gate/gate.ts";
import type { GateProduct } from "../gate/product-keys.ts";

export interface OutboxRelayOptions {
  readonly gate: Gate;
  readonly queue: ReservationQueue;
  readonly relayName: string;
  /** Most entries in one round. */
  readonly batch: number;
  /** Entries that a relay left unacknowledged for this long are taken over. */
  readonly claimIdleMs: number;
  /** How often to look for such entries. */
  readonly claimEveryMs: number;
  /** Longest pause between two looks at an empty outbox. */
  readonly maxIdleMs: () => number;
  /** Whether the product is still among those to serve. One that is not is served until its outbox is empty. */
  readonly isListed: () => boolean;
  readonly onPublished: (count: number) => void;
  readonly logger: Logger;
  readonly clock: Clock;
}

const retryLimits = { firstMs: 25, maxMs: 2_000 };
const forgetRelaysAfterMs = 3_600_000;
const forgetEveryMs = 600_000;

/** Carries one product's outbox to the queue: read, publish, and only after the confirm acknowledge. */
export class OutboxRelay {
  readonly #product: GateProduct;
  readonly #options: OutboxRelayOptions;
  readonly #signal: AbortSignal;
  #claimAtMs = 0;
  #forgetAtMs = 0;

  constructor(product: GateProduct, options: OutboxRelayOptions, signal: AbortSignal) {
    this.#product = product;
    this.#options = options;
    this.#signal = signal;
  }

  /** Ends when the signal is aborted, or when the product is no longer listed and its outbox is empty. */
  async run(): Promise<void> {
    let emptyRounds = 0;
    while (!this.#signal.aborted) {
      const entries = await this.#insist("read the outbox", () => this.#next());
      if (entries === undefined) return;
      if (entries.length > 0) {
        emptyRounds = 0;
        await this.#deliver(entries);
        continue;
      }
      if (!this.#options.isListed() && (await this.#insist("read the status", () => this.#isDrained())) !== false)
        return;
      emptyRounds += 1;
      await pause(backoffMs(emptyRounds, { firstMs: 1, maxMs: this.#options.maxIdleMs() }), this.#signal);
    }
  }

  async #next(): Promise<OutboxEntry[]> {
    const { gate, relayName, batch, claimIdleMs, claimEveryMs } = this.#options;
    const nowMs = this.#options.clock();
    if (nowMs >= this.#forgetAtMs) {
      await gate.forgetRelays(this.#product, forgetRelaysAfterMs);
      this.#forgetAtMs = nowMs + forgetEveryMs;
    }
    if (nowMs >= this.#claimAtMs) {
      const claimed = await gate.claimOutbox(this.#product, relayName, batch, claimIdleMs);
      // A full batch may not have been all.
      if (claimed.length < batch) this.#claimAtMs = nowMs + claimEveryMs;
      if (claimed.length > 0) return claimed;
    }
    return gate.readOutbox(this.#product, relayName, batch);
  }

  async #isDrained(): Promise<boolean> {
    const status = await this.#options.gate.status(this.#product.saleId, this.#product.id);
    return status === undefined || status.outboxLength === 0;
  }

  async #deliver(entries: readonly OutboxEntry[]): Promise<void> {
    const { gate, queue } = this.#options;
    const reservations = entries.map((entry) => entry.reservation);
    const published = await traceMessages({ name: "relay publish", kind: "producer" }, reservations, (traced) =>
      this.#insist("publish", () => queue.publish(traced).then(() => true)),
    );
    // Stopped before the confirm: the entries stay unacknowledged, and the next relay claims them.
    if (published === undefined) return;
    this.#options.onPublished(entries.length);
    const ids = entries.map((entry) => entry.entryId);
    await this.#insist("acknowledge", () => gate.acknowledgeOutbox(this.#product, ids).then(() => true));
  }

  /**
   * Tries until it succeeds, with growing pauses; at least once, and undefined when stopped in between. Everything here
   * may be repeated: a read that was lost is claimed later, and a message that was published twice changes nothing.
   */
  async #insist<T>(what: string, action: () => Promise<T>): Promise<T | undefined> {
    const { logger } = this.#options;
    const product = this.#product.id;
    for (let failures = 0; ;) {
      try {
        const result = await action();
        if (failures > 0) logger.info(`relay can ${what} again`, { product, failures });
        return result;
      } catch (error) {
        failures += 1;
        // One line per outage: an outage has thousands of attempts.
        if (failures === 1) logger.warn(`relay cannot ${what}`, { product, reason: String(error) });
      }
      await pause(backoffMs(failures, retryLimits), this.#signal);
      if (this.#signal.aborted) return undefined;
    }
  }
}
