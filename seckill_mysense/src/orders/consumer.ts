import type { RecordOutcome } from "../domain/order.ts";
import type { AcceptedReservation } from "../domain/reservation.ts";
import { silentLogger, type Logger } from "../logging/logger.ts";
import type { Delivery, DeliveryVerdict, ReservationQueue } from "../queue/queue.ts";
import { backoffMs, type Backoff } from "./backoff.ts";
import { RefusedValueError } from "./ledger-errors.ts";
import type { Ledger, RejectionBook } from "./ledger.ts";
import { maxRecordBatch } from "./record-batch.ts";
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
  /** Pauses between tries while the ledger cannot be reached. */
  readonly backoff?: Partial<Backoff>;
  /** A batch that could not be recorded for so long goes back to the queue, in milliseconds. */
  readonly maxHoldMs?: number;
}

/** What a consumer has done since its start. */
export interface ConsumerCounts {
  recorded: number;
  duplicate: number;
  rejected: number;
  deadLettered: number;
  requeued: number;
  ledgerFailures: number;
}

export interface Consumer {
  readonly counts: Readonly<ConsumerCounts>;
  /** Lets a running transaction finish, gives a batch that waits for the ledger back to the queue, and takes no more. */
  stop(): Promise<void>;
}

/**
 * Brings reservations from the queue into the ledger: recorded first, acknowledged after. While the ledger is away the
 * batch in hand is kept and tried again, since giving it back would use up the queue's patience with good messages.
 */
export async function startConsumer(options: ConsumerOptions): Promise<Consumer> {
  const { queue, maxBatch = 300, maxWaitMs = 5 } = options;
  if (!Number.isInteger(maxBatch) || maxBatch < 1 || maxBatch > maxRecordBatch) {
    throw new RangeError(`maxBatch is ${maxBatch}, not a whole number from 1 to ${maxRecordBatch}`);
  }
  const worker = new ConsumerWorker(options);
  const consumption = await queue.consume((batch) => worker.handle(batch), { maxBatch, maxWaitMs });
  return {
    counts: worker.counts,
    async stop() {
      worker.stop();
      await consumption.stop();
    },
  };
}

/** The ledger stayed away for as long as a batch is held, or the consumer stops. */
class GivenBack extends Error {}

class ConsumerWorker {
  readonly counts: ConsumerCounts = {
    recorded: 0,
    duplicate: 0,
    rejected: 0,
    deadLettered: 0,
    requeued: 0,
    ledgerFailures: 0,
  };
  readonly #ledger: ConsumerOptions["ledger"];
  readonly #payWithinMs: number;
  readonly #logger: Logger;
  readonly #backoff: Backoff;
  readonly #maxHoldMs: number;
  readonly #stopping = new AbortController();

  constructor({ ledger, payWithinMs, logger = silentLogger, backoff = {}, maxHoldMs = 120_000 }: ConsumerOptions) {
    this.#ledger = ledger;
    this.#payWithinMs = payWithinMs;
    this.#logger = logger;
    this.#backoff = { firstMs: 50, maxMs: 5_000, random: Math.random, ...backoff };
    this.#maxHoldMs = maxHoldMs;
  }

  stop(): void {
    this.#stopping.abort();
  }

  async handle(batch: readonly Delivery[]): Promise<DeliveryVerdict[]> {
    const startedMs = performance.now();
    const verdicts: DeliveryVerdict[] = batch.map(() => "requeue");
    const readable = batch.flatMap(({ reservation }, index) => (reservation === undefined ? [] : [{ reservation, index }]));
    try {
      await this.#record(readable, verdicts, startedMs);
      for (const [index, delivery] of batch.entries()) {
        if (delivery.reservation === undefined) verdicts[index] = await this.#refuseUnreadable(delivery, startedMs);
      }
    } catch (error) {
      // What has its verdict keeps it; the rest stays "requeue".
      if (!(error instanceof GivenBack)) throw error;
    }
    this.#countVerdicts(verdicts);
    return verdicts;
  }

  async #record(entries: readonly ReadableEntry[], verdicts: DeliveryVerdict[], startedMs: number): Promise<void> {
    if (entries.length === 0) return;
    const reservations = entries.map(({ reservation }) => reservation);
    const outcomes = await this.#persist(startedMs, () =>
      this.#ledger.record(reservations, { payWithinMs: this.#payWithinMs }),
    );
    if (outcomes !== "refused_value") {
      for (const [position, outcome] of outcomes.entries()) {
        const entry = entries[position] as ReadableEntry;
        verdicts[entry.index] = this.#verdictOf(outcome, entry.reservation);
      }
      return;
    }
    if (entries.length > 1) {
      // One bad row fails the transaction of all. Halving finds it, and the others are recorded on the way.
      const middle = Math.ceil(entries.length / 2);
      await this.#record(entries.slice(0, middle), verdicts, startedMs);
      await this.#record(entries.slice(middle), verdicts, startedMs);
      return;
    }
    const [entry] = entries as [ReadableEntry];
    await this.#persist(startedMs, () => this.#ledger.reject([entry.reservation]));
    verdicts[entry.index] = "dead_letter";
  }

  async #refuseUnreadable({ body }: Delivery, startedMs: number): Promise<DeliveryVerdict> {
    const salvaged = salvageReservation(body);
    const reservationId = salvaged?.reservationId;
    this.#logger.error("a queue message cannot be read", { reservationId, bodyBytes: body.byteLength });
    if (salvaged !== undefined) await this.#persist(startedMs, () => this.#ledger.reject([salvaged]));
    return "dead_letter";
  }

  #verdictOf(outcome: RecordOutcome, { reservationId, productId }: AcceptedReservation): DeliveryVerdict {
    this.counts[outcome.kind]++;
    if (outcome.kind !== "rejected") return "acknowledge";
    const { reason } = outcome;
    this.#logger.warn("a reservation was rejected", { reservationId, productId, reason });
    return reason === "unknown_product" || reason === "malformed" ? "dead_letter" : "acknowledge";
  }

  /** Repeats until the ledger has done it. Throws `GivenBack` when the time to hold the batch is over. */
  async #persist<T>(startedMs: number, work: () => Promise<T>): Promise<T | "refused_value"> {
    for (let failures = 1; ; failures++) {
      try {
        return await work();
      } catch (error) {
        if (error instanceof RefusedValueError) {
          this.#logger.error("the ledger cannot hold a value", { error: error.message });
          return "refused_value";
        }
        await this.#pause(error, failures, startedMs);
      }
    }
  }

  async #pause(error: unknown, failures: number, startedMs: number): Promise<void> {
    const pauseMs = Math.round(backoffMs(failures, this.#backoff));
    this.counts.ledgerFailures++;
    const message = error instanceof Error ? error.message : String(error);
    const heldTooLong = performance.now() - startedMs + pauseMs > this.#maxHoldMs;
    const givesUp = heldTooLong || this.#stopping.signal.aborted;
    this.#logger.error("the ledger did not record a batch", { error: message, failures, ...(givesUp ? {} : { pauseMs }) });
    if (givesUp || !(await sleep(pauseMs, this.#stopping.signal))) throw new GivenBack();
  }

  #countVerdicts(verdicts: readonly DeliveryVerdict[]): void {
    for (const verdict of verdicts) {
      if (verdict === "dead_letter") this.counts.deadLettered++;
      if (verdict === "requeue") this.counts.requeued++;
    }
  }
}

interface ReadableEntry {
  readonly reservation: AcceptedReservation;
  /** Its place in the batch. */
  readonly index: number;
}

/** False when it was cut short. */
function sleep(ms: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(false);
    const stop = (): void => {
      clearTimeout(timer);
      resolve(false);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve(true);
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
  });
}
