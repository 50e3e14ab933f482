import type { AcceptedReservation } from "../domain/reservation.ts";
import { silentLogger, type Logger } from "../logging/logger.ts";
import { checkConsumeOptions, gatherBatch, handleBatch } from "./batch.ts";
import { EmbeddedDispatch } from "./embedded-dispatch.ts";
import { EmbeddedStore, type StoredMessage } from "./embedded-store.ts";
import { pause } from "../time/pause.ts";
import { QueueFull, QueueUnavailable } from "./queue-errors.ts";
import type { BatchHandler, ConsumeOptions, Consumption, Delivery, ReservationQueue } from "./queue.ts";
import { decodeReservation, encodeReservation } from "./reservation-codec.ts";
import { Wakeup } from "./wakeup.ts";

export interface EmbeddedQueueOptions {
  /** The queue's file, created when missing; ":memory:" for a queue that ends with the process. One process at a time. */
  readonly file: string;
  /** Most messages in the file, including dead letters; beyond it `publish` rejects with `QueueFull`. */
  readonly maxMessages?: number;
  /** A message that is requeued more often than this becomes a dead letter. */
  readonly deliveryLimit?: number;
  readonly logger?: Logger;
}

/**
 * The queue within one process, on a file: published messages survive a crash of the process and a power failure.
 * Throws `QueueUnavailable` if the file cannot be opened or is in use.
 */
export function embeddedQueue(options: EmbeddedQueueOptions): ReservationQueue {
  return new EmbeddedQueue(options);
}

interface PendingPublish {
  readonly bodies: readonly Uint8Array[];
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

const storeFailurePauseMs = 1_000;

class EmbeddedQueue implements ReservationQueue {
  readonly #store: EmbeddedStore;
  readonly #dispatch: EmbeddedDispatch;
  readonly #maxMessages: number;
  readonly #logger: Logger;
  readonly #consumptions = new Set<Consumption>();
  #pending: PendingPublish[] = [];
  #pendingCount = 0;
  #closed = false;
  readonly #news = new Wakeup();

  constructor({ file, maxMessages = 1_000_000, deliveryLimit = 20, logger = silentLogger }: EmbeddedQueueOptions) {
    this.#store = new EmbeddedStore(file);
    this.#dispatch = new EmbeddedDispatch(this.#store, deliveryLimit);
    this.#maxMessages = maxMessages;
    this.#logger = logger;
  }

  async publish(reservations: readonly AcceptedReservation[]): Promise<void> {
    this.#checkOpen();
    if (reservations.length === 0) return;
    const count = this.#dispatch.stored + this.#pendingCount;
    if (count + reservations.length > this.#maxMessages) {
      const limit = `its limit is ${this.#maxMessages}`;
      throw new QueueFull(`the queue holds ${count} messages and cannot take ${reservations.length} more: ${limit}`);
    }
    const bodies = reservations.map(encodeReservation);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // All messages of one turn share one commit, and so one wait for the disk.
    if (this.#pending.length === 0) setImmediate(() => this.#commit());
    this.#pending.push({ bodies, resolve, reject });
    this.#pendingCount += bodies.length;
    await promise;
  }

  async consume(handler: BatchHandler, options: ConsumeOptions): Promise<Consumption> {
    checkConsumeOptions(options);
    this.#checkOpen();
    const stopping = new AbortController();
    const running = this.#run(handler, options, stopping.signal);
    const consumption: Consumption = {
      stop: async () => {
        stopping.abort();
        this.#news.wake();
        await running;
        this.#consumptions.delete(consumption);
      },
    };
    this.#consumptions.add(consumption);
    return consumption;
  }

  async depth(): Promise<{ ready: number; deadLettered: number }> {
    this.#checkOpen();
    return { ready: this.#dispatch.ready, deadLettered: this.#dispatch.deadLetters };
  }

  async unsettled(productId: string): Promise<number> {
    this.#checkOpen();
    return this.#dispatch.holdsMessages ? this.#store.countNaming(productId) : 0;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all([...this.#consumptions].map((consumption) => consumption.stop()));
    this.#commit();
    this.#store.close();
  }

  #checkOpen(): void {
    if (this.#closed) throw new QueueUnavailable("the queue is closed");
  }

  #commit(): void {
    const pending = this.#pending;
    if (pending.length === 0) return;
    const bodies = pending.flatMap((publish) => publish.bodies);
    this.#pending = [];
    this.#pendingCount = 0;
    try {
      this.#store.append(bodies);
    } catch (error) {
      const failure = new QueueUnavailable(`the queue's file could not be written: ${String(error)}`, { cause: error });
      for (const { reject } of pending) reject(failure);
      return;
    }
    this.#dispatch.noteAppended(bodies.length);
    for (const { resolve } of pending) resolve();
    this.#news.wake();
  }

  async #run(handler: BatchHandler, options: ConsumeOptions, signal: AbortSignal): Promise<void> {
    const arrivals = { ready: () => this.#dispatch.ready, news: this.#news, signal };
    while (!signal.aborted) {
      await gatherBatch(arrivals, options);
      if (signal.aborted) return;
      try {
        await this.#handle(handler, this.#dispatch.take(options.maxBatch), signal);
      } catch (error) {
        this.#logger.error("the embedded queue's file could not be written", { reason: String(error) });
        await pause(storeFailurePauseMs, signal);
      }
    }
  }

  async #handle(handler: BatchHandler, messages: readonly StoredMessage[], signal: AbortSignal): Promise<void> {
    if (messages.length === 0) return;
    const verdicts = await handleBatch(handler, messages.map(toDelivery), { signal, logger: this.#logger });
    try {
      if (verdicts === undefined) this.#dispatch.release(messages, { uncount: true });
      else this.#dispatch.settle(messages, verdicts);
    } catch (error) {
      this.#dispatch.release(messages, { uncount: false });
      throw error;
    }
    this.#news.wake();
  }
}

function toDelivery({ body, deliveries }: StoredMessage): Delivery {
  return { reservation: decodeReservation(body), body, redelivered: deliveries > 0 };
}
