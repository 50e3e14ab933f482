import { silentLogger, type Logger } from "../logging/logger.ts";
import type { HealthPart } from "../health/health-board.ts";
import { PartSources, unwatchedPart } from "../health/part-sources.ts";
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
  /** Is told whether the outboxes can be carried to the queue. */
  readonly health?: HealthPart;
  readonly elapsedMs?: Clock["elapsedMs"];
}

/** A running relay. */
export interface Relay {
  /** Messages that the queue has confirmed, including repetitions. */
  readonly published: number;
  /** When the oldest entry on its way to the queue was accepted, Unix milliseconds; undefined while there is none. */
  readonly waitingSinceMs: number | undefined;
  /** Since when a lane has carried what it carries, the longest, by the monotonic clock. */
  readonly carryingSinceMs: number | undefined;
  /** The products whose entries are on their way to the queue. */
  readonly busyProducts: readonly GateProduct[];
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
  const lanes = new Map<string, { readonly product: GateProduct; readonly lane: OutboxRelay; run: Promise<void> }>();
  const health = new PartSources(options.health ?? unwatchedPart);
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
    health,
    elapsedMs: options.elapsedMs ?? systemClock.elapsedMs,
  });

  const serve = (products: readonly GateProduct[]): void => {
    listed = new Set(products.map(laneName));
    for (const product of products) {
      const name = laneName(product);
      if (lanes.has(name)) continue;
      const lane = new OutboxRelay(product, laneOptions(name), stopping.signal);
      const run = lane
        .run()
        .catch((error: unknown) => logger.error("relay lane failed", { product: name, reason: String(error) }))
        .finally(() => lanes.delete(name));
      lanes.set(name, { product, lane, run });
    }
  };

  const following = followProducts({ ...options, sources: health }, stopping.signal, serve);
  const busy = () => [...lanes.values()].filter(({ lane }) => lane.waitingSinceMs !== undefined);
  return {
    get published() {
      return published;
    },
    get waitingSinceMs() {
      return earliest(busy().map(({ lane }) => lane.waitingSinceMs));
    },
    get carryingSinceMs() {
      return earliest(busy().map(({ lane }) => lane.carryingSinceMs));
    },
    get busyProducts() {
      return busy().map(({ product }) => product);
    },
    async stop() {
      stopping.abort();
      await following;
      await Promise.all([...lanes.values()].map(({ run }) => run));
    },
  };
}

async function followProducts(
  { products, productsEveryMs = 1_000, sources }: RelayOptions & { readonly sources: PartSources },
  signal: AbortSignal,
  serve: (products: readonly GateProduct[]) => void,
): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    try {
      serve(await products());
      sources.well(listOfProducts);
      failures = 0;
    } catch (error) {
      failures += 1;
      sources.failed(listOfProducts, `it cannot list the products: ${String(error)}`);
    }
    const failurePauseMs = failures === 0 ? 0 : backoffMs(failures, { firstMs: 100, maxMs: 10_000 });
    await pause(Math.max(productsEveryMs, failurePauseMs), signal);
  }
}

const listOfProducts = "the list of products";

function laneName(product: GateProduct): string {
  return `${product.saleId}:${product.id}`;
}

function earliest(times: readonly (number | undefined)[]): number | undefined {
  return times.length === 0 ? undefined : Math.min(...times.map((ms) => ms ?? Infinity));
}
