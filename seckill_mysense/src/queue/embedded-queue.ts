import type { AcceptedReservation } from "../domain/reservation.ts";
import type { HealthPart } from "../health/health-board.ts";
import { unwatchedPart } from "../health/part-sources.ts";
import { checkConsumeOptions, gatherBatch, handleBatch } from "./batch.ts";
import { EmbeddedDispatch } from "./embedded-dispatch.ts";
import { EmbeddedStore, type StoredMessage } from "./embedded-store.ts";
import { pause } from "../time/pause.ts";
import { QueueFull, QueueUnavailable } from "./queue-errors.ts";
import type { BatchHandler, ConsumeOptions, Consumption, Delivery, QueueDepth, ReservationQueue } from "./queue.ts";
import { decodeReservation, encodeReservation } from "./reservation-codec.ts";
import { Wakeup } from "./wakeup.ts";

export interface EmbeddedQueueOptions {
  /** The queue's file, created when missing; ":memory:" for a queue that ends with the process. One process at a time. */
  readonly file: string;
  /** Most messages in the file; beyond it `publish` rejects with `QueueFull`. */
  readonly maxMessages?: number;
  readonly health?: HealthPart;
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
  readonly #health: HealthPart;
  readonly #consumptions = new Set<Consumption>();
  #pending: PendingPublish[] = [];
  #pendingCount = 0;
  #closed = false;
  readonly #news = new Wakeup();

  constructor({ file, maxMessages = 1_000_000, health = unwatchedPart }: EmbeddedQueueOptions) {
    this.#store = new EmbeddedStore(file);
    this.#dispatch = new EmbeddedDispatch(this.#store);
    this.#maxMessages = maxMessages;
    this.#health = health;
    health.ok();
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
    const dispatch = this.#dispatch;
    const consumption: Consumption = {
      get inHand() {
        return dispatch.inHand;
      },
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

  async depth(): Promise<QueueDepth> {
    this.#checkOpen();
    return { ready: this.#dispatch.ready, unacknowledged: this.#dispatch.inHand };
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
      this.#health.down(failure.message);
      return;
    }
    this.#health.ok();
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
        this.#health.down(`the queue's file could not be written: ${String(error)}`);
        await pause(storeFailurePauseMs, signal);
      }
    }
  }

  async #handle(handler: BatchHandler, messages: readonly StoredMessage[], signal: AbortSignal): Promise<void> {
    if (messages.length === 0) return;
    const isDecided = await handleBatch(handler, messages.map(toDelivery), signal);
    try {
      if (isDecided) this.#dispatch.acknowledge(messages);
      else this.#dispatch.release(messages);
    } catch (error) {
      this.#dispatch.release(messages);
      throw error;
    }
    this.#health.ok();
    this.#news.wake();
  }
}

function toDelivery({ body }: StoredMessage): Delivery {
  return { reservation: decodeReservation(body), body };
}
