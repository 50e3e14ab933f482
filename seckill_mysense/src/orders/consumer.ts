import type { RecordOutcome } from "../domain/order.ts";
import type { AcceptedReservation } from "../domain/reservation.ts";
import { silentLogger, type Logger } from "../logging/logger.ts";
import type { Delivery, DeliveryVerdict, ReservationQueue } from "../queue/queue.ts";
import { RefusedValueError } from "../ledger/ledger-errors.ts";
import type { Ledger, RejectionBook } from "../ledger/ledger.ts";
import { traceMessages } from "../tracing/tracing.ts";
import { maxRecordBatch } from "../ledger/record-batch.ts";
import { salvageReservation } from "./salvage-reservation.ts";

export interface ConsumerOptions {
  readonly queue: Pick<ReservationQueue, "consume">;
  readonly ledger: Pick<Ledger, "record"> & Pick<RejectionBook, "reject">;
  /** How long a recorded order may stay unpaid, in milliseconds. */
  readonly payWithinMs: number;
  readonly logger?: Logger;
  /** Reservations in one transaction. */
  readonly maxBatch?: number;
  /** How long an incomplete batch waits for more, in milliseconds. */
  readonly maxWaitMs?: number;
}

/** What a consumer has done since its start, in messages; `ledgerFailures` in batches. */
export interface ConsumerCounts {
  recorded: number;
  duplicate: number;
  rejected: number;
  deadLettered: number;
  ledgerFailures: number;
}

export interface Consumer {
  readonly counts: Readonly<ConsumerCounts>;
  /** Lets the batch in hand finish; what is not recorded then stays in the queue. */
  stop(): Promise<void>;
}

/**
 * Brings reservations from the queue into the ledger: recorded first, acknowledged after. While the ledger is away the
 * handler throws, and the queue gives it the same batch again after a pause that grows: nothing is requeued, which
 * would use up the messages' limit of deliveries.
 */
export async function startConsumer(options: ConsumerOptions): Promise<Consumer> {
  const { queue, maxBatch = 300, maxWaitMs = 5 } = options;
  if (!Number.isInteger(maxBatch) || maxBatch < 1 || maxBatch > maxRecordBatch) {
    throw new RangeError(`maxBatch is ${maxBatch}, not a whole number from 1 to ${maxRecordBatch}`);
  }
  const recorder = new BatchRecorder(options);
  const consumption = await queue.consume((batch) => recorder.handle(batch), { maxBatch, maxWaitMs });
  return { counts: recorder.counts, stop: () => consumption.stop() };
}

interface ReadableEntry {
  readonly reservation: AcceptedReservation;
  /** Its place in the batch. */
  readonly index: number;
}

class BatchRecorder {
  readonly counts: ConsumerCounts = { recorded: 0, duplicate: 0, rejected: 0, deadLettered: 0, ledgerFailures: 0 };
  readonly #ledger: ConsumerOptions["ledger"];
  readonly #payWithinMs: number;
  readonly #logger: Logger;

  constructor({ ledger, payWithinMs, logger = silentLogger }: ConsumerOptions) {
    this.#ledger = ledger;
    this.#payWithinMs = payWithinMs;
    this.#logger = logger;
  }

  async handle(batch: readonly Delivery[]): Promise<DeliveryVerdict[]> {
    const verdicts: DeliveryVerdict[] = batch.map(() => "dead_letter");
    const readable = batch.flatMap(({ reservation }, index) => (reservation ? [{ reservation, index }] : []));
    try {
      await this.#record(readable, verdicts);
      for (const delivery of batch) if (delivery.reservation === undefined) await this.#refuseUnreadable(delivery);
    } catch (error) {
      this.counts.ledgerFailures++;
      throw error;
    }
    this.counts.deadLettered += verdicts.filter((verdict) => verdict === "dead_letter").length;
    return verdicts;
  }

  /** One bad row fails the transaction of all. Halving finds it, and the others are recorded on the way. */
  async #record(entries: readonly ReadableEntry[], verdicts: DeliveryVerdict[]): Promise<void> {
    if (entries.length === 0) return;
    const reservations = entries.map(({ reservation }) => reservation);
    try {
      const outcomes = await traceMessages({ name: "ledger record", kind: "consumer" }, reservations, (traced) =>
        this.#ledger.record(traced, { payWithinMs: this.#payWithinMs }),
      );
      for (const [position, outcome] of outcomes.entries()) {
        const { reservation, index } = entries[position] as ReadableEntry;
        verdicts[index] = this.#verdictOf(outcome, reservation);
      }
    } catch (error) {
      if (!(error instanceof RefusedValueError)) throw error;
      const middle = Math.ceil(entries.length / 2);
      if (entries.length === 1) return this.#refuse(reservations[0] as AcceptedReservation, error);
      await this.#record(entries.slice(0, middle), verdicts);
      await this.#record(entries.slice(middle), verdicts);
    }
  }

  async #refuse(reservation: AcceptedReservation, error: Error): Promise<void> {
    const { reservationId } = reservation;
    this.#logger.error("the ledger cannot hold a reservation", { reservationId, reason: error.message });
    await this.#ledger.reject([reservation]);
  }

  async #refuseUnreadable({ body }: Delivery): Promise<void> {
    const salvaged = salvageReservation(body);
    const reservationId = salvaged?.reservationId;
    this.#logger.error("a queue message cannot be read", { reservationId, bodyBytes: body.byteLength });
    if (salvaged !== undefined) await this.#ledger.reject([salvaged]);
  }

  #verdictOf(outcome: RecordOutcome, { reservationId, productId }: AcceptedReservation): DeliveryVerdict {
    this.counts[outcome.kind]++;
    if (outcome.kind !== "rejected") return "acknowledge";
    const { reason } = outcome;
    this.#logger.warn("a reservation was rejected", { reservationId, productId, reason });
    return reason === "unknown_product" || reason === "malformed" ? "dead_letter" : "acknowledge";
  }
}
