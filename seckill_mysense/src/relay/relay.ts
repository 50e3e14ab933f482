import { silentLogger, type Logger } from "../logging/logger.ts";
import { backoffMs } from "../time/backoff.ts";
import { systemClock, type Clock } from "../time/clock.ts";
import { pause } from "../time/pause.ts";
import type { ReservationQueue } from "../queue/queue.ts";
import type { Gate } from "../gate/gate.ts";
import { OutboxRelay, type OutboxRelayOptions } from "./outbox-relay.ts";
import { maxOutboxBatch } from "../gate/check-request.ts";
import { checkIdentifier, type GateProduct } from "../gate/product-keys.ts";

export interface RelayOptions {
  readonly gate: Gate;
  readonly queue: ReservationQueue;
  /**
   * Every product whose outbox may hold entries: products on sale, and products whose sale ended recently. Called again
   * every `productsEveryMs`; while it fails, the relay serves the products that it knows.
   */
  readonly products: () => Promise<readonly GateProduct[]> | readonly GateProduct[];
  /** Must differ between relays that run at the same time. */
  readonly relayName: string;
  /** Most entries of one product in one round. */
  readonly batch?: number;
  /** Entries that another relay read this long ago and never acknowledged are taken over, in milliseconds. */
  readonly claimIdleMs?: number;
  readonly claimEveryMs?: number;
  readonly productsEveryMs?: number;
  /** Longest pause between two reads of an empty outbox, in milliseconds. Grows with the number of products. */
  readonly maxIdleMs?: number;
  readonly logger?: Logger;
  readonly elapsedMs?: Clock["elapsedMs"];
}

/** A running relay. */
export interface Relay {
  /** Messages that the queue has confirmed, including repetitions. */
  readonly published: number;
  /** Finishes the running publish. Another relay claims the entries that are not acknowledged by then. */
  stop(): Promise<void>;
}

/** The more products, the less often each empty outbox is read: at most some thousand reads a second altogether. */
const idleMsPerProduct = 1;

/**
 * Carries the outboxes of all products to the queue. Each product has a lane of its own, so that neither a product in
 * high demand nor a gate node that is down holds up the others. Several relays may run at once.
 */
export function startRelay(options: RelayOptions): Relay {
  const { batch = 500, maxIdleMs = 25, logger = silentLogger } = options;
  checkIdentifier("relay name", options.relayName);
  if (!Number.isInteger(batch) || batch < 1 || batch > maxOutboxBatch) {
    throw new RangeError(`batch must be an integer from 1 to ${maxOutboxBatch}, but is ${batch}`);
  }
  const stopping = new AbortController();
  const lanes = new Map<string, Promise<void>>();
  let listed = new Set<string>();
  let published = 0;

  const laneOptions = (name: string): OutboxRelayOptions => ({
    gate: options.gate,
    queue: options.queue,
    relayName: options.relayName,
    batch,
    claimIdleMs: options.claimIdleMs ?? 30_000,
    claimEveryMs: options.claimEveryMs ?? 5_000,
    maxIdleMs: () => Math.max(maxIdleMs, lanes.size * idleMsPerProduct),
    isListed: () => listed.has(name),
    onPublished: (count) => (published += count),
    logger,
    elapsedMs: options.elapsedMs ?? systemClock.elapsedMs,
  });

  const serve = (products: readonly GateProduct[]): void => {
    listed = new Set(products.map(laneName));
    for (const product of products) {
      const name = laneName(product);
      if (lanes.has(name)) continue;
      const lane = new OutboxRelay(product, laneOptions(name), stopping.signal)
        .run()
        .catch((error: unknown) => logger.error("relay lane failed", { product: name, reason: String(error) }))
        .finally(() => lanes.delete(name));
      lanes.set(name, lane);
    }
  };

  const following = followProducts(options, stopping.signal, serve);
  return {
    get published() {
      return published;
    },
    async stop() {
      stopping.abort();
      await following;
      await Promise.all(lanes.values());
    },
  };
}

async function followProducts(
  { products, productsEveryMs = 1_000, logger = silentLogger }: RelayOptions,
  signal: AbortSignal,
  serve: (products: readonly GateProduct[]) => void,
): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    try {
      serve(await products());
      failures = 0;
    } catch (error) {
      failures += 1;
      if (failures === 1) logger.warn("relay cannot list the products", { reason: String(error) });
    }
    const failurePauseMs = failures === 0 ? 0 : backoffMs(failures, { firstMs: 100, maxMs: 10_000 });
    await pause(Math.max(productsEveryMs, failurePauseMs), signal);
  }
}

function laneName(product: GateProduct): string {
  return `${product.saleId}:${product.id}`;
}
