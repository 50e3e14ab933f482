import type { ReservationRequest, ReserveOutcome } from "../domain/reservation.ts";
import type { Clock } from "../time/clock.ts";
import { checkReservation } from "./check-request.ts";
import type { GateConnection } from "./gate-connection.ts";
import { GateUnavailable } from "./gate-errors.ts";
import type { ReserveOptions } from "./gate.ts";
import { gateScripts } from "./gate-script.ts";
import { productKeys, type ProductKeys } from "./product-keys.ts";
import { readReserveReply, reserveArguments } from "./reserve-reply.ts";

export interface ReserveBatcherOptions {
  /** Most reservations in one run of the script: bounds the time for which a run blocks other clients. */
  readonly maxBatch: number;
  /** Most running batches of one product. Reservations that arrive meanwhile form the next batch. */
  readonly maxInFlight: number;
  /** Most reservations that wait to be sent, all products together. */
  readonly maxWaiting: number;
  /** A reservation that is not sent within this time is given up, in milliseconds. */
  readonly timeoutMs: number;
  readonly elapsedMs: Clock["elapsedMs"];
}

interface Waiting {
  readonly request: ReservationRequest;
  readonly least: Required<ReserveOptions>;
  readonly sinceMs: number;
  readonly resolve: (outcome: ReserveOutcome) => void;
  readonly reject: (error: Error) => void;
}

/** The reservations of one product. */
interface Lane {
  readonly name: string;
  readonly keys: ProductKeys;
  waiting: Waiting[];
  inFlight: number;
  scheduled: boolean;
}

/**
 * Gathers the reservations that arrive together for one product into one run of the script. The server then reads the
 * stock and the clock once per batch, and the client writes and parses one command instead of many. bench/gate.ts
 * measures the difference to one EVALSHA per reservation.
 */
export class ReserveBatcher {
  readonly #connection: GateConnection;
  readonly #options: ReserveBatcherOptions;
  readonly #lanes = new Map<string, Lane>();
  #waitingCount = 0;

  constructor(connection: GateConnection, options: ReserveBatcherOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  reserve(request: ReservationRequest, least: Required<ReserveOptions>): Promise<ReserveOutcome> {
    // What is thrown in here rejects the promise.
    return new Promise<ReserveOutcome>((resolve, reject) => {
      checkReservation(request);
      if (this.#waitingCount >= this.#options.maxWaiting) {
        throw new GateUnavailable(`${this.#waitingCount} reservations wait for the gate already, which is the limit`);
      }
      const lane = this.#lane(request);
      lane.waiting.push({ request, least, sinceMs: this.#options.elapsedMs(), resolve, reject });
      this.#waitingCount += 1;
      this.#schedule(lane);
    });
  }

  #lane(request: ReservationRequest): Lane {
    const name = `${request.saleId}:${request.productId}`;
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      const keys = productKeys({ saleId: request.saleId, id: request.productId });
      lane = { name, keys, waiting: [], inFlight: 0, scheduled: false };
      this.#lanes.set(name, lane);
    }
    return lane;
  }

  /** Waits for the end of the turn, so that all reservations of this turn's input go out together. */
  #schedule(lane: Lane): void {
    if (lane.scheduled || lane.inFlight >= this.#options.maxInFlight) return;
    lane.scheduled = true;
    setImmediate(() => void this.#send(lane));
  }

  async #send(lane: Lane): Promise<void> {
    try {
      if (!this.#connection.isReady) await this.#connection.whenReady();
    } catch (error) {
      lane.scheduled = false;
      this.#failWaiting(lane, error instanceof Error ? error : new Error(String(error)));
      return;
    }
    lane.scheduled = false;
    this.#dropExpired(lane);
    while (lane.waiting.length > 0 && lane.inFlight < this.#options.maxInFlight) {
      const batch = lane.waiting.splice(0, this.#options.maxBatch);
      this.#waitingCount -= batch.length;
      lane.inFlight += 1;
      void this.#run(lane, batch);
    }
    this.#forgetIdle(lane);
  }

  async #run(lane: Lane, batch: readonly Waiting[]): Promise<void> {
    try {
      const requests = batch.map((waiting) => waiting.request);
      const args = reserveArguments(requests, strictest(batch));
      const outcomes = readReserveReply(requests, await this.#connection.run(gateScripts.reserve, lane.keys, args));
      for (const [i, waiting] of batch.entries()) waiting.resolve(outcomes[i]!);
    } catch (error) {
      for (const waiting of batch) waiting.reject(error as Error);
    }
    lane.inFlight -= 1;
    if (lane.waiting.length > 0) this.#schedule(lane);
    else this.#forgetIdle(lane);
  }

  #failWaiting(lane: Lane, error: Error): void {
    const batch = lane.waiting;
    lane.waiting = [];
    this.#waitingCount -= batch.length;
    for (const waiting of batch) waiting.reject(error);
    this.#forgetIdle(lane);
  }

  #dropExpired(lane: Lane): void {
    const oldestMs = this.#options.elapsedMs() - this.#options.timeoutMs;
    let expired = 0;
    while (expired < lane.waiting.length && lane.waiting[expired]!.sinceMs < oldestMs) expired += 1;
    if (expired === 0) return;
    this.#waitingCount -= expired;
    for (const waiting of lane.waiting.splice(0, expired)) {
      waiting.reject(new GateUnavailable(`the gate did not take the reservation within ${this.#options.timeoutMs} ms`));
    }
  }

  #forgetIdle(lane: Lane): void {
    if (lane.waiting.length > 0 || lane.inFlight > 0 || lane.scheduled) return;
    this.#lanes.delete(lane.name);
  }
}

/** A sequence belongs to an epoch, so the highest sequence of the highest epoch counts. */
function strictest(batch: readonly Waiting[]): Required<ReserveOptions> {
  let strictest = batch[0]!.least;
  for (const { least } of batch) {
    const isNewer = least.minEpoch > strictest.minEpoch;
    if (isNewer || (least.minEpoch === strictest.minEpoch && least.minSequence > strictest.minSequence)) {
      strictest = least;
    }
  }
  return strictest;
}
