import type { PartSources } from "../health/part-sources.ts";
import { backoffMs } from "../time/backoff.ts";
import type { Clock } from "../time/clock.ts";
import { pause } from "../time/pause.ts";
import { retryUntilStopped, type Retried } from "../time/retry-until-stopped.ts";
import { traceMessages } from "../tracing/tracing.ts";
import type { ReservationQueue } from "../queue/queue.ts";
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
  /** How often to look for such entries, in milliseconds. */
  readonly claimEveryMs: number;
  /** Longest pause between two reads of an empty outbox, in milliseconds. */
  readonly maxIdleMs: () => number;
  /** Whether the product is still listed. A product that is no longer listed is served until its outbox is empty. */
  readonly isListed: () => boolean;
  readonly onPublished: (count: number) => void;
  readonly health: PartSources;
  readonly elapsedMs: Clock["elapsedMs"];
}

const retryBackoff = { firstMs: 25, maxMs: 2_000 };
const forgetRelaysAfterMs = 3_600_000;
const forgetEveryMs = 600_000;

/** Carries one product's outbox to the queue: reads, publishes, and acknowledges only after the queue's confirm. */
export class OutboxRelay {
  readonly #product: GateProduct;
  readonly #options: OutboxRelayOptions;
  readonly #signal: AbortSignal;
  #claimAtMs = 0;
  #forgetAtMs = 0;
  /** When the oldest entry that this lane carries was accepted, by the gate's clock; undefined while it carries none. */
  waitingSinceMs: number | undefined;
  /** Since when the lane has carried what it carries, by the monotonic clock. */
  carryingSinceMs: number | undefined;

  constructor(product: GateProduct, options: OutboxRelayOptions, signal: AbortSignal) {
    this.#product = product;
    this.#options = options;
    this.#signal = signal;
  }

  /** Ends when the signal is aborted, or when the product is no longer listed and its outbox is empty. */
  async run(): Promise<void> {
    let emptyRounds = 0;
    while (!this.#signal.aborted) {
      const read = await this.#insist("read the outbox", () => this.#next());
      if (read.kind === "stopped") return;
      if (read.value.length > 0) {
        emptyRounds = 0;
        await this.#deliver(read.value);
        continue;
      }
      if (!this.#options.isListed() && (await this.#isToEnd())) return;
      emptyRounds += 1;
      await pause(backoffMs(emptyRounds, { firstMs: 1, maxMs: this.#options.maxIdleMs() }), this.#signal);
    }
  }

  async #next(): Promise<OutboxEntry[]> {
    const { gate, relayName, batch, claimIdleMs, claimEveryMs } = this.#options;
    const nowMs = this.#options.elapsedMs();
    if (nowMs >= this.#forgetAtMs) {
      await gate.forgetRelays(this.#product, forgetRelaysAfterMs);
      this.#forgetAtMs = nowMs + forgetEveryMs;
    }
    if (nowMs >= this.#claimAtMs) {
      const claimed = await gate.claimOutbox(this.#product, relayName, batch, claimIdleMs);
      // After a full batch there may be more entries to claim.
      if (claimed.length < batch) this.#claimAtMs = nowMs + claimEveryMs;
      if (claimed.length > 0) return claimed;
    }
    return gate.readOutbox(this.#product, relayName, batch);
  }

  async #isToEnd(): Promise<boolean> {
    const { saleId, id } = this.#product;
    const read = await this.#insist("read the status", () => this.#options.gate.status(saleId, id));
    return read.kind === "stopped" || read.value === undefined || read.value.outboxLength === 0;
  }

  async #deliver(entries: readonly OutboxEntry[]): Promise<void> {
    const { gate, queue } = this.#options;
    const reservations = entries.map((entry) => entry.reservation);
    this.waitingSinceMs = reservations[0]?.acceptedAtMs;
    this.carryingSinceMs = this.#options.elapsedMs();
    const published = await traceMessages({ name: "relay publish", kind: "producer" }, reservations, (traced) =>
      this.#insist("publish the reservations", () => queue.publish(traced, { signal: this.#signal })),
    );
    // The relay was stopped before the confirm. The entries stay unacknowledged, and the next relay claims them.
    if (published.kind === "stopped") return;
    this.#options.onPublished(entries.length);
    const ids = entries.map((entry) => entry.entryId);
    await this.#insist("acknowledge the outbox", () => gate.acknowledgeOutbox(this.#product, ids));
    this.waitingSinceMs = undefined;
    this.carryingSinceMs = undefined;
  }

  /** Every action is safe to repeat: entries of a lost read are claimed later, and a message sent twice is harmless. */
  async #insist<T>(what: string, action: () => Promise<T>): Promise<Retried<T>> {
    const { health } = this.#options;
    const { id, saleId } = this.#product;
    const lane = `${saleId}:${id}`;
    const outcome = await retryUntilStopped(action, {
      backoff: retryBackoff,
      signal: this.#signal,
      onFailure: (error) => health.failed(lane, `it cannot ${what} of product ${id}: ${String(error)}`),
    });
    if (outcome.kind === "done" && outcome.failures > 0) health.well(lane);
    return outcome;
  }
}
