import type { AcceptedReservation } from "../../src/domain/reservation.ts";
import { embeddedQueue } from "../../src/queue/embedded-queue.ts";
import type { BatchHandler, ConsumeOptions, Consumption, Delivery, ReservationQueue } from "../../src/queue/queue.ts";

/** A real queue, in memory unless another is given, that notes what its consumers decided. */
export class RecordingQueue implements ReservationQueue {
  readonly acknowledged: Delivery[] = [];
  readonly deadLettered: Delivery[] = [];
  readonly #queue: ReservationQueue;

  constructor(queue: ReservationQueue = embeddedQueue({ file: ":memory:" })) {
    this.#queue = queue;
  }

  publish(reservations: readonly AcceptedReservation[]): Promise<void> {
    return this.#queue.publish(reservations);
  }

  consume(handler: BatchHandler, options: ConsumeOptions): Promise<Consumption> {
    return this.#queue.consume(async (batch) => {
      const verdicts = await handler(batch);
      for (const [index, delivery] of batch.entries()) {
        if (verdicts[index] === "acknowledge") this.acknowledged.push(delivery);
        if (verdicts[index] === "dead_letter") this.deadLettered.push(delivery);
      }
      return verdicts;
    }, options);
  }

  depth(): Promise<{ readonly ready: number; readonly deadLettered: number }> {
    return this.#queue.depth();
  }

  close(): Promise<void> {
    return this.#queue.close();
  }
}
