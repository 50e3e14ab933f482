import type { AcceptedReservation } from "../domain/reservation.ts";

/** A message as it came from the queue. `reservation` is undefined when the bytes could not be understood. */
export interface Delivery {
  readonly reservation: AcceptedReservation | undefined;
  readonly body: Uint8Array;
  /** The message, or the whole batch, was delivered before: its outcome may stand in the ledger already. */
  readonly redelivered: boolean;
}

/**
 * What the handler decides for each delivery of its batch, in the same order. A message that is requeued more often
 * than the queue's delivery limit becomes a dead letter.
 */
export type DeliveryVerdict = "acknowledge" | "requeue" | "dead_letter";

export type BatchHandler = (batch: readonly Delivery[]) => Promise<readonly DeliveryVerdict[]>;

export interface ConsumeOptions {
  readonly maxBatch: number;
  /** How long an incomplete batch waits for more, in milliseconds. */
  readonly maxWaitMs: number;
}

/** A running consumer. `stop` lets the batch in hand finish; what was not acknowledged is delivered again. */
export interface Consumption {
  stop(): Promise<void>;
}

/**
 * The durable queue between the relays and the consumers: at-least-once, in rough order.
 * Bodies are reservation messages (contract/reservation-message.ts).
 */
export interface ReservationQueue {
  /**
   * Resolves when the queue has taken durable charge of every message. Rejects with `QueueUnavailable` (or its kinds
   * `QueueFull` and `QueueUnroutable`) when any may be lost: then all of them may be published again.
   */
  publish(reservations: readonly AcceptedReservation[]): Promise<void>;
  /**
   * Batches come one after the other. A handler that throws is given the same batch again, after a pause that grows up
   * to some seconds, for as long as it takes: an outage of the ledger must not turn reservations into dead letters.
   */
  consume(handler: BatchHandler, options: ConsumeOptions): Promise<Consumption>;
  /** `ready` are those that wait; what a consumer has in hand counts as neither. */
  depth(): Promise<{ readonly ready: number; readonly deadLettered: number }>;
  /** Ends the consumers too. */
  close(): Promise<void>;
}
