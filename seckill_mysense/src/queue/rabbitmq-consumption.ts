import type { AsyncMessage, Connection } from "rabbitmq-client";
import { gatherBatch, handleBatch } from "./batch.ts";
import { describeBrokerFailure } from "./broker-failure.ts";
import { retryUntilStopped } from "../time/retry-until-stopped.ts";
import type { BatchHandler, ConsumeOptions, ConsumerProgress, Consumption, Delivery } from "./queue.ts";
import { followEarlierQueues } from "./rabbitmq-earlier-queues.ts";
import { openChannel, openConnection, type RabbitmqSessionOptions } from "./rabbitmq-session.ts";
import { RabbitmqSubscription, type RabbitmqSubscriptionOptions } from "./rabbitmq-subscription.ts";
import { reservationQueue } from "./rabbitmq-topology.ts";
import { decodeReservation } from "./reservation-codec.ts";
import { settledWithin } from "../time/settled-within.ts";
import { systemClock } from "../time/clock.ts";
import { Wakeup } from "./wakeup.ts";

/** A message whose end the broker awaits. */
interface Held {
  readonly delivery: Delivery;
  /** By the clock that never goes back. */
  readonly sinceMs: number;
  readonly message: AsyncMessage;
  readonly subscription: RabbitmqSubscription;
}

/** One batch is prefetched while another is handled, so that the handler does not wait for the network. */
const prefetchedBatches = 2;

/** Consumes on a separate connection, which reconnects by itself after an outage of the broker. */
export class RabbitmqConsumption implements Consumption {
  readonly #options: RabbitmqSessionOptions;
  readonly #handler: BatchHandler;
  readonly #consume: ConsumeOptions;
  readonly #connection: Connection;
  readonly #stopping = new AbortController();
  readonly #news = new Wakeup();
  readonly #running: Promise<void>;
  readonly #subscribing: Promise<void>;
  #subscription: RabbitmqSubscription | undefined;
  /** Consumes the queues of versions before. */
  #following = Promise.resolve();
  #held: Held[] = [];
  /** The size of the batch that the handler has. */
  #handling = 0;
  /** Since when the oldest message of that batch has been here. */
  #handlingSinceMs = 0;
  #received = 0;
  #repeated = 0;
  /** How often the broker has accepted the subscription. */
  #subscriptions = 0;

  constructor(options: RabbitmqSessionOptions, handler: BatchHandler, consume: ConsumeOptions) {
    this.#options = options;
    this.#handler = handler;
    this.#consume = consume;
    this.#connection = openConnection(options);
    this.#running = this.#run();
    this.#subscribing = this.#subscribe();
  }

  /** Messages that this consumer has from the broker and has not acknowledged. */
  get inHand(): number {
    return this.#held.length + this.#handling;
  }

  get progress(): ConsumerProgress {
    const sinceMs = this.#handling > 0 ? this.#handlingSinceMs : this.#held[0]?.sinceMs;
    const oldestMs = sinceMs === undefined ? 0 : systemClock.elapsedMs() - sinceMs;
    const isSubscribed = this.#subscription?.isSubscribed === true && !this.#stopping.signal.aborted;
    const connection = isSubscribed ? this.#subscriptions : 0;
    return { received: this.#received, repeated: this.#repeated, oldestMs, connection };
  }

  async stop(): Promise<void> {
    const { signal } = this.#stopping;
    if (signal.aborted) return this.#running;
    this.#stopping.abort();
    // While the broker cannot be reached, there is nothing to wait for. Destroying the connection ends waits that have
    // begun. The client library's `close` must not follow: it waits for the end of a socket that has ended already.
    const isReached = this.#subscription !== undefined && this.#connection.ready;
    if (!isReached) this.#connection.unsafeDestroy();
    await this.#subscribing;
    // Unsubscribes before it gives messages back; otherwise the broker would deliver them here again.
    const unsubscribed = this.#subscription?.close() ?? Promise.resolve();
    this.#news.wake();
    await this.#running;
    await settledWithin(this.#options.timeoutMs, this.#following);
    const closed = isReached ? unsubscribed.then(() => this.#connection.close()) : unsubscribed;
    await settledWithin(this.#options.timeoutMs, closed);
    this.#connection.unsafeDestroy();
    this.#options.health.well(this.#options.connectionName);
  }

  /** Waits until the broker can be reached, and subscribes. Later the client library subscribes again by itself. */
  async #subscribe(): Promise<void> {
    const { signal } = this.#stopping;
    const reach = async (): Promise<void> => {
      const channel = await openChannel(this.#connection, this.#options);
      await channel.close();
    };
    // The session reports the failures.
    const onFailure = (): void => {};
    await retryUntilStopped(reach, { backoff: { firstMs: 50, maxMs: 2_000 }, signal, onFailure });
    if (signal.aborted) return;
    const { connectionName, health, url, queueName } = this.#options;
    this.#subscription = this.#subscribeTo(reservationQueue(this.#options), {
      onSubscribed: () => {
        this.#subscriptions++;
        health.well(connectionName);
      },
      onFailure: (error) => health.failed(connectionName, describeBrokerFailure(error, url)),
    });
    this.#following = followEarlierQueues({
      ...{ connection: this.#connection, queueName, signal },
      subscribe: (queue, onFailure) =>
        this.#subscribeTo({ queue, passive: true }, { onSubscribed: () => {}, onFailure }),
    });
  }

  #subscribeTo(
    queue: RabbitmqSubscriptionOptions["queue"],
    listeners: Pick<RabbitmqSubscriptionOptions, "onSubscribed" | "onFailure">,
  ): RabbitmqSubscription {
    const subscription: RabbitmqSubscription = new RabbitmqSubscription({
      connection: this.#connection,
      queue,
      prefetchCount: Math.min(this.#consume.maxBatch * prefetchedBatches, 65_535),
      onMessage: (message) => this.#hold(message, subscription),
      ...listeners,
    });
    return subscription;
  }

  #hold(message: AsyncMessage, subscription: RabbitmqSubscription): void {
    const body = bodyBytes(message.body);
    const delivery = { reservation: decodeReservation(body), body };
    this.#received++;
    if (message.redelivered) this.#repeated++;
    this.#held.push({ delivery, message, subscription, sinceMs: systemClock.elapsedMs() });
    this.#news.wake();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    const arrivals = { ready: () => this.#held.length, news: this.#news, signal };
    while (!signal.aborted) {
      await gatherBatch(arrivals, this.#consume);
      if (signal.aborted) break;
      const batch = this.#held.splice(0, this.#consume.maxBatch);
      this.#handling = batch.length;
      this.#handlingSinceMs = batch[0]?.sinceMs ?? 0;
      const deliveries = batch.map(({ delivery }) => delivery);
      const isDecided = await handleBatch(this.#handler, deliveries, signal);
      this.#handling = 0;
      settle(batch, (subscription, messages) =>
        isDecided ? subscription.acknowledge(messages) : subscription.giveBack(messages),
      );
    }
    settle(this.#held.splice(0), (subscription, messages) => subscription.giveBack(messages));
  }
}

function settle(
  some: readonly Held[],
  tell: (subscription: RabbitmqSubscription, messages: readonly AsyncMessage[]) => void,
): void {
  for (const [subscription, own] of Map.groupBy(some, (held) => held.subscription)) {
    tell(
      subscription,
      own.map(({ message }) => message),
    );
  }
}

/**
 * The client library parses bodies with the type text or JSON. Ours have neither, but other programs may write too. JSON that
 * is nested too deeply cannot be written as text again.
 */
function bodyBytes(body: unknown): Uint8Array {
  if (body instanceof Uint8Array) return body;
  try {
    return Buffer.from(typeof body === "string" ? body : JSON.stringify(body), "utf8");
  } catch (error) {
    return Buffer.from(`a body that cannot be kept: ${String(error)}`, "utf8");
  }
}
