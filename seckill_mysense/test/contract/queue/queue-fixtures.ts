import type { AcceptedReservation } from "../../../src/domain/reservation.ts";
import { QueueUnavailable } from "../../../src/queue/queue-errors.ts";
import type { Delivery, QueueDepth, ReservationQueue } from "../../../src/queue/queue.ts";
import { waitUntil } from "../../../../tools/test-services/index.ts";

export function reservation(n: number): AcceptedReservation {
  const ids = { reservationId: `reservation-${n}`, saleId: "sale", productId: "product", userId: `user-${n}` };
  return { ...ids, epoch: 1, acceptedAtMs: 1_700_000_000_000 + n };
}

export function reservations(count: number, first = 1): AcceptedReservation[] {
  return Array.from({ length: count }, (_, i) => reservation(first + i));
}

export function idsOf(deliveries: readonly Delivery[]): (string | undefined)[] {
  return deliveries.map((delivery) => delivery.reservation?.reservationId);
}

/** A consumer that keeps its deliveries and acknowledges them. */
export async function collect(queue: ReservationQueue, options: { maxBatch?: number; maxWaitMs?: number } = {}) {
  const batches: (readonly Delivery[])[] = [];
  const consumption = await queue.consume(
    async (batch) => {
      batches.push(batch);
    },
    { maxBatch: 100, maxWaitMs: 5, ...options },
  );
  return {
    batches,
    get deliveries() {
      return batches.flat();
    },
    untilCount: (count: number) =>
      waitUntil(() => batches.flat().length >= count, {
        what: `${count} deliveries`,
        timeoutMs: 20_000,
        intervalMs: 5,
      }),
    stop: () => consumption.stop(),
  };
}

/** Publishes like the relay: until the queue confirms. */
export async function insist(queue: ReservationQueue, batch: readonly AcceptedReservation[]): Promise<void> {
  for (;;) {
    try {
      return await queue.publish(batch);
    } catch (error) {
      if (!(error instanceof QueueUnavailable)) throw error;
      await Bun.sleep(50);
    }
  }
}

export function untilDepth(queue: ReservationQueue, depth: QueueDepth): Promise<void> {
  return waitUntil(
    async () => {
      const now = await queue.depth();
      return now.ready === depth.ready && now.unacknowledged === depth.unacknowledged;
    },
    { what: `a depth of ${JSON.stringify(depth)}`, timeoutMs: 20_000 },
  );
}
