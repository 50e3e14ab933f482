import { ConsumerStatus, type AsyncMessage, type Connection, type Consumer } from "rabbitmq-client";
import { gatherBatch, handleBatch } from "./batch.ts";
import { retryUntilStopped } from "../time/retry-until-stopped.ts";
import type { BatchHandler, ConsumeOptions, Consumption, Delivery, DeliveryVerdict } from "./queue.ts";
import { openChannel, openConnection, type RabbitmqSessionOptions } from "./rabbitmq-session.ts";
import { mainQueue } from "./rabbitmq-topology.ts";
import { decodeReservation } from "./reservation-codec.ts";
import { settledWithin } from "../time/settled-within.ts";
import { Wakeup } from "./wakeup.ts";

/** A message whose verdict the broker awaits. */
interface Held {
  readonly delivery: Delivery;
  readonly settle: (status: ConsumerStatus) => void;
}

const statuses: Readonly<Record<DeliveryVerdict, ConsumerStatus>> = {
  acknowledge: ConsumerStatus.ACK,
  requeue: ConsumerStatus.REQUEUE,
  dead_letter: ConsumerStatus.DROP,
};

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
  #consumer: Consumer | undefined;
  #held: Held[] = [];

  constructor(options: RabbitmqSessionOptions, handler: BatchHandler, consume: ConsumeOptions) {
    this.#options = options;
    this.#handler = handler;
    this.#consume = consume;
    this.#connection = openConnection(options);
    this.#running = this.#run();
    this.#subscribing = this.#subscribe();
  }

  async stop(): Promise<void> {
    const { signal } = this.#stopping;
    if (signal.aborted) return this.#running;
    this.#stopping.abort();
    // While the broker cannot be reached, there is nothing to wait for. Destroying the connection ends waits that have
    // begun. The client library's `close` must not follow: it waits for the end of a socket that has ended already.
    const isReached = this.#consumer !== undefined && this.#connection.ready;
    if (!isReached) this.#connection.unsafeDestroy();
    await this.#subscribing;
    // Unsubscribes before it gives messages back; otherwise the broker would deliver them here again.
    const unsubscribed = this.#consumer?.close() ?? Promise.resolve();
    this.#news.wake();
    await this.#running;
    const closed = isReached ? unsubscribed.then(() => this.#connection.close()) : unsubscribed;
    await settledWithin(this.#options.timeoutMs, closed);
    this.#connection.unsafeDestroy();
  }

  /** Waits until the broker can be reached, and subscribes. Later the client library subscribes again by itself. */
  async #subscribe(): Promise<void> {
    const { signal } = this.#stopping;
    const { logger } = this.#options;
    const reach = async (): Promise<void> => {
      const channel = await openChannel(this.#connection, this.#options);
      await channel.close();
    };
    await retryUntilStopped(reach, {
      backoff: { firstMs: 50, maxMs: 2_000 },
      signal,
      onFailure: (error, failures) => {
        if (failures === 1) logger.warn("consumer cannot reach its queue yet", { reason: String(error) });
      },
    });
    if (signal.aborted) return;
    const { queue, ...queueOptions } = mainQueue(this.#options);
    const qos = { prefetchCount: Math.min(this.#consume.maxBatch * prefetchedBatches, 65_535) };
    this.#consumer = this.#connection.createConsumer({ queue, queueOptions, qos }, (message) => this.#hold(message));
    this.#consumer.on("error", (error: Error) => logger.warn("consumer was disturbed", { reason: error.message }));
  }

  /** Resolves with the verdict. The client library sends it, unless the channel is gone by then. */
  #hold(message: AsyncMessage): Promise<ConsumerStatus> | ConsumerStatus {
    if (this.#stopping.signal.aborted) return ConsumerStatus.REQUEUE;
    const body = bodyBytes(message.body);
    const delivery = { reservation: decodeReservation(body), body, redelivered: message.redelivered };
    return new Promise((settle) => {
      this.#held.push({ delivery, settle });
      this.#news.wake();
    });
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    const arrivals = { ready: () => this.#held.length, news: this.#news, signal };
    const { logger } = this.#options;
    while (!signal.aborted) {
      await gatherBatch(arrivals, this.#consume);
      if (signal.aborted) break;
      const batch = this.#held.splice(0, this.#consume.maxBatch);
      const deliveries = batch.map(({ delivery }) => delivery);
      const verdicts = await handleBatch(this.#handler, deliveries, { signal, logger });
      for (const [i, { settle }] of batch.entries()) settle(statuses[verdicts?.[i] ?? "requeue"]);
    }
    for (const { settle } of this.#held.splice(0)) settle(ConsumerStatus.REQUEUE);
  }
}

/** The client library parses bodies with the type text or JSON. Ours have neither, but other programs may write too. */
function bodyBytes(body: unknown): Uint8Array {
  if (body instanceof Uint8Array) return body;
  return Buffer.from(typeof body === "string" ? body : JSON.stringify(body), "utf8");
}
