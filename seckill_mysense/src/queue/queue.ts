import type { AcceptedReservation } from "../domain/reservation.ts";

/** A message from the queue. `reservation` is undefined if the bytes are not a reservation message. */
export interface Delivery {
  readonly reservation: AcceptedReservation | undefined;
  readonly body: Uint8Array;
  /** The message, or the whole batch, was delivered before: the ledger may already have its outcome. */
  readonly redelivered: boolean;
}

/**
 * The handler's decision for one delivery; decisions have the order of the batch. A message that is requeued more often
 * than the queue's delivery limit becomes a dead letter.
 */
export type DeliveryVerdict = "acknowledge" | "requeue" | "dead_letter";

export type BatchHandler = (batch: readonly Delivery[]) => Promise<readonly DeliveryVerdict[]>;

export interface ConsumeOptions {
  readonly maxBatch: number;
  /** How long an incomplete batch waits for more, in milliseconds. */
  readonly maxWaitMs: number;
}

export interface PublishOptions {
  /**
   * Aborted when the caller stops. A wait for a queue that cannot be reached then ends with `QueueUnavailable`; what a
   * reachable queue is about to confirm is still waited for.
   */
  readonly signal?: AbortSignal;
}

/** A running consumer. `stop` finishes the current batch; messages without an acknowledgement are delivered again. */
export interface Consumption {
  stop(): Promise<void>;
}

/**
 * The durable queue between the relays and the consumers: at-least-once, in rough order.
 * Bodies are reservation messages (contract/reservation-message.ts).
 */
export interface ReservationQueue {
  /**
   * Resolves when the queue has stored every message durably. Rejects with `QueueUnavailable` (or its kinds `QueueFull`
   * and `QueueUnroutable`) if any message may be lost: then all of them may be published again.
   */
  publish(reservations: readonly AcceptedReservation[], options?: PublishOptions): Promise<void>;
  /**
   * Calls the handler for one batch after the other. If the handler throws, it gets the same batch again after a pause
   * that grows up to some seconds, without end: an outage of the ledger must not turn reservations into dead letters.
   */
  consume(handler: BatchHandler, options: ConsumeOptions): Promise<Consumption>;
  /** `ready` counts waiting messages. Messages in a consumer's hands are in neither count. */
  depth(): Promise<{ readonly ready: number; readonly deadLettered: number }>;
  /**
   * Messages of one product that are stored and not acknowledged, those in a consumer's hands included. Missing in a
   * queue that does not know.
   */
  unsettled?(productId: string): Promise<number>;
  /** Also stops the consumers. */
  close(): Promise<void>;
}
