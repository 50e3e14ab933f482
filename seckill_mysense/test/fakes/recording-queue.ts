import type { AcceptedReservation } from "../../src/domain/reservation.ts";
import { embeddedQueue } from "../../src/queue/embedded-queue.ts";
import type {
  BatchHandler,
  ConsumeOptions,
  Consumption,
  Delivery,
  QueueDepth,
  ReservationQueue,
} from "../../src/queue/queue.ts";

/** A real queue, in memory unless another is given, that notes what its consumers have acknowledged. */
export class RecordingQueue implements ReservationQueue {
  readonly acknowledged: Delivery[] = [];
  readonly #queue: ReservationQueue;

  constructor(queue: ReservationQueue = embeddedQueue({ file: ":memory:" })) {
    this.#queue = queue;
  }

  publish(reservations: readonly AcceptedReservation[]): Promise<void> {
    return this.#queue.publish(reservations);
  }

  consume(handler: BatchHandler, options: ConsumeOptions): Promise<Consumption> {
    return this.#queue.consume(async (batch) => {
      await handler(batch);
      this.acknowledged.push(...batch);
    }, options);
  }

  depth(): Promise<QueueDepth> {
    return this.#queue.depth();
  }

  close(): Promise<void> {
    return this.#queue.close();
  }
}
