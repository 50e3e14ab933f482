import type { Program } from "../authorization/programs.ts";
import type { FailureCode } from "../contract/failures.ts";
import type { ProgramReservation } from "../contract/quantity.ts";
import type { Reservation, ReservationStatus } from "../contract/reservations.ts";
import type { CatalogueProduct } from "../gateway/catalogue-product.ts";
import { productOf } from "../domain/buckets.ts";
import type { Stock } from "../gateway/open-stock.ts";
import type { ProductReserver } from "../gateway/product-reserver.ts";
import { describeOrder } from "../gateway/describe-order.ts";
import type { ReservationReader } from "../gateway/reservation-reader.ts";
import type { LedgerOrders, TransitionOutcome } from "../ledger/orders.ts";
import type { LedgerProgramRequests, ProgramRequest } from "../ledger/program-requests.ts";
import { pause } from "../time/pause.ts";
import { namedUser, reservationOf, userOf } from "./program-ids.ts";

export interface ProgramReservationsParts {
  readonly requests: LedgerProgramRequests;
  readonly orders: Pick<LedgerOrders, "pay" | "cancel">;
  readonly reserver: ProductReserver;
  readonly stock: Stock;
  readonly reader: ReservationReader;
  /** The gate is asked this long before the start, in milliseconds. */
  readonly startLeewayMs: number;
  /** How long a confirmation or a release waits for the order. */
  readonly recordWaitMs: number;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly elapsedMs: () => number;
}

export interface WantedUnits {
  readonly requestID: string;
  readonly productID: string;
  readonly quantity: number;
  readonly userID?: string | undefined;
}

interface Failed<Code extends FailureCode> {
  readonly failure: Code;
  readonly message?: string;
  readonly retryAfterSeconds?: number;
  readonly startsAtMs?: number;
  readonly left?: number;
}
type Answer<Code extends FailureCode> = { readonly ok: ProgramReservation; readonly status?: 200 | 202 } | Failed<Code>;

type ReserveFailure =
  | "too_few_left"
  | "over_limit"
  | "product_not_found"
  | "program_not_allowed"
  | "request_conflict"
  | "user_limit"
  | "sold_out"
  | "sale_ended"
  | "not_started"
  | "sale_paused"
  | "gate_closed"
  | "gate_unavailable"
  | "overloaded";
type ReadFailure = "reservation_not_found" | "gate_unavailable";

/** The pause before the ledger is asked again for an order that is on its way. */
const recordPauseMs = 25;

const statusOf = {
  pending: "pending",
  won: "reserved",
  paid: "confirmed",
  cancelled: "released",
  expired: "expired",
  rejected: "rejected",
  lost: "lost",
  refund_due: "called_off",
  refunded: "called_off",
} as const satisfies Record<ReservationStatus, ProgramReservation["status"]>;

/** What other programs do with their reservations: each finds its own ones by its own request ids, and no others. */
export class ProgramReservations {
  readonly #parts: ProgramReservationsParts;

  constructor(parts: ProgramReservationsParts) {
    this.#parts = parts;
  }

  async reserve(program: Program, wanted: WantedUnits): Promise<Answer<ReserveFailure>> {
    const { requests, reserver, stock, now } = this.#parts;
    const reservationId = reservationOf(program.name, wanted.requestID);
    const userId = userOf(program.name, wanted.userID, reservationId);
    const entry = stock.catalogue.findFor(wanted.productID, userId);
    if (entry === undefined) return { failure: "product_not_found" };
    if (!program.knows(entry.sale.id)) return notItsSale(program, entry.sale.id);
    const { limitPerUser } = entry.product;
    if (wanted.quantity > limitPerUser) {
      const standing = await requests.read(reservationId);
      return standing === undefined ? { failure: "over_limit", left: limitPerUser } : conflict(standing, wanted);
    }
    // Nothing is written for requests that cannot succeed: they may be many.
    if (reserver.hasRefused(entry, reservationId)) return { failure: "sold_out" };
    const early = this.#tooEarly(entry);
    if (early !== undefined) return early;

    const request = requestOf(program, wanted, { userId, entry, nowMs: now() });
    const standing = await requests.register(request);
    if (!isSame(standing, request)) return conflict(standing, wanted);
    if (standing !== request) {
      // A repeated request. After a loss of data at the gate nothing was ordered, and it may be made again.
      const known = await this.#read(standing);
      if ("ok" in known && known.ok.status !== "lost") return known;
    }
    return this.#askGate(standing, entry);
  }

  async #askGate(request: ProgramRequest, entry: CatalogueProduct): Promise<Answer<ReserveFailure>> {
    const outcome = await this.#parts.reserver.reserve(entry, reservationOfGate(request));
    switch (outcome.kind) {
      case "accepted":
        return { ok: describe(request, pendingOf(request)), status: 202 };
      case "replay":
        if (outcome.reservationId !== request.reservationId) return { failure: "user_limit" };
        return this.#readHeld(request);
      case "over_limit":
        return { failure: "over_limit", left: outcome.left };
      case "sold_out":
        if (outcome.left > 0) return { failure: "too_few_left", left: outcome.left };
        return { failure: "sold_out" };
      case "not_started":
        return this.#notStarted(outcome.startsAtMs);
      case "ended":
        return { failure: "sale_ended" };
      case "paused":
        return { failure: "sale_paused", retryAfterSeconds: 5 };
      case "closed":
        return { failure: "gate_closed", retryAfterSeconds: 1 };
      case "busy":
        return { failure: "overloaded", retryAfterSeconds: 1 };
      case "unknown":
        return { failure: "gate_unavailable", retryAfterSeconds: 1 };
    }
  }

  async read(program: Program, requestId: string): Promise<Answer<ReadFailure>> {
    const request = await this.#find(program, requestId);
    return request === undefined ? { failure: "reservation_not_found" } : this.#read(request);
  }

  confirm(program: Program, requestId: string): Promise<Answer<ReadFailure | "not_confirmable" | "not_recorded_yet">> {
    const { orders, now } = this.#parts;
    return this.#change(program, requestId, "not_confirmable", (id) => orders.pay(id, now()));
  }

  release(program: Program, requestId: string): Promise<Answer<ReadFailure | "not_releasable" | "not_recorded_yet">> {
    return this.#change(program, requestId, "not_releasable", (id) => this.#parts.orders.cancel(id));
  }

  /** Changes the order as soon as it is in the ledger: until then there is nothing that could be changed. */
  async #change<Refused extends "not_confirmable" | "not_releasable">(
    program: Program,
    requestId: string,
    refused: Refused,
    change: (reservationId: string) => Promise<TransitionOutcome>,
  ): Promise<Answer<ReadFailure | Refused | "not_recorded_yet">> {
    const { recordWaitMs, elapsedMs } = this.#parts;
    const request = await this.#find(program, requestId);
    if (request === undefined) return { failure: "reservation_not_found" };
    const untilMs = elapsedMs() + recordWaitMs;
    for (;;) {
      const outcome = await change(request.reservationId);
      if (outcome.kind !== "not_found") return changed(request, outcome, refused);
      const reading = await this.#read(request);
      if ("failure" in reading) return reading;
      const { status } = reading.ok;
      // The order may have come between the two looks.
      const isToCome = status === "pending" || status === "reserved";
      if (!isToCome) return { failure: refused, message: `The reservation is ${status}.` };
      if (elapsedMs() >= untilMs) return { failure: "not_recorded_yet", retryAfterSeconds: 1 };
      await pause(recordPauseMs);
    }
  }

  async #find(program: Program, requestId: string): Promise<ProgramRequest | undefined> {
    const request = await this.#parts.requests.read(reservationOf(program.name, requestId));
    return request !== undefined && program.knows(request.saleId) ? request : undefined;
  }

  async #read(request: ProgramRequest): Promise<Answer<ReadFailure>> {
    const { reservationId, userId, productId } = request;
    const reading = await this.#parts.reader.read(reservationId, { userId, productId });
    if ("ok" in reading) return { ok: describe(request, reading.ok), status: 200 };
    return reading.failure === "gate_unavailable"
      ? { failure: "gate_unavailable", retryAfterSeconds: 1 }
      : { failure: "reservation_not_found" };
  }

  /** The gate knows the reservation. If nobody does a moment later, the gate has just been rebuilt. */
  async #readHeld(request: ProgramRequest): Promise<Answer<"gate_unavailable">> {
    const reading = await this.#read(request);
    return "ok" in reading ? reading : { failure: "gate_unavailable", retryAfterSeconds: 1 };
  }

  /** A cancelled sale has no start, and a gate that has not been asked yet need not be asked before the start. */
  #tooEarly({ sale }: CatalogueProduct): Failed<"sale_ended" | "not_started"> | undefined {
    if (sale.state === "cancelled") return { failure: "sale_ended" };
    const { stock, startLeewayMs } = this.#parts;
    return stock.gateClock.now() < sale.startsAtMs - startLeewayMs ? this.#notStarted(sale.startsAtMs) : undefined;
  }

  #notStarted(startsAtMs: number): Failed<"not_started"> {
    const seconds = Math.ceil((startsAtMs - this.#parts.stock.gateClock.now()) / 1000);
    return { failure: "not_started", startsAtMs, retryAfterSeconds: Math.max(1, seconds) };
  }
}

export function notItsSale(program: Program, saleId: string): Failed<"program_not_allowed"> {
  return { failure: "program_not_allowed", message: `The program ${program.name} has no right to the sale ${saleId}.` };
}

function requestOf(
  program: Program,
  wanted: WantedUnits,
  { userId, entry, nowMs }: { readonly userId: string; readonly entry: CatalogueProduct; readonly nowMs: number },
): ProgramRequest {
  const reservationId = reservationOf(program.name, wanted.requestID);
  return {
    reservationId,
    program: program.name,
    requestId: wanted.requestID,
    saleId: entry.sale.id,
    productId: entry.product.id,
    userId,
    quantity: wanted.quantity,
    requestedAtMs: nowMs,
  };
}

function reservationOfGate({ reservationId, saleId, productId, userId, quantity }: ProgramRequest) {
  return { reservationId, saleId, productId, userId, quantity };
}

function isSame(a: ProgramRequest, b: ProgramRequest): boolean {
  return a.productId === b.productId && a.userId === b.userId && a.quantity === b.quantity;
}

function conflict(standing: ProgramRequest, wanted: WantedUnits): Failed<"request_conflict"> {
  const before = `product ${productOf(standing.productId)}, quantity ${standing.quantity}, user ${namedUser(standing.userId) ?? "(none)"}`;
  return { failure: "request_conflict", message: `The request id ${wanted.requestID} stands for ${before} already.` };
}

function pendingOf({ reservationId, productId }: ProgramRequest): Reservation {
  return { reservation: reservationId, status: "pending", productID: productOf(productId) };
}

function describe(request: ProgramRequest, reservation: Reservation): ProgramReservation {
  const { status, reason, payBeforeMs } = reservation;
  return {
    requestID: request.requestId,
    reservation: request.reservationId,
    productID: productOf(request.productId),
    userID: namedUser(request.userId),
    quantity: request.quantity,
    status: statusOf[status],
    ...(reason !== undefined && { reason }),
    ...(payBeforeMs !== undefined && { confirmBeforeMs: payBeforeMs }),
  };
}

function changed<Refused extends FailureCode>(
  request: ProgramRequest,
  outcome: Exclude<TransitionOutcome, { kind: "not_found" }>,
  refused: Refused,
): Answer<Refused> {
  const reservation = describe(request, describeOrder(outcome.order));
  if (outcome.kind !== "refused") return { ok: reservation };
  return { failure: refused, message: `The reservation is ${reservation.status}.` };
}
