import type { CallOptions, QuantityClientOptions, Remaining, Reservation, ReserveRequest } from "./quantity-types.ts";
import { ServiceCalls } from "./service-calls.ts";

/** Reservations as the service writes them. */
interface SentReservation extends Omit<Reservation, "requestId" | "reservationId" | "productId" | "userId"> {
  readonly requestID: string;
  readonly reservation: string;
  readonly productID: string;
  readonly userID: string | null;
}

interface SentRemaining extends Omit<Remaining, "productId" | "saleId"> {
  readonly productID: string;
  readonly saleID: string;
}

/**
 * Reserves units of a flash sale for another program: on the same gate and in the same book of orders as the shop's own
 * buyers. It runs on Node 20 and on Bun, and needs no other package.
 *
 * Every call may be repeated, and the client repeats it by itself after an unknown outcome, always with the same request
 * id: so a reservation takes its units once, however often it is asked for.
 *
 * @example
 * ```ts
 * import { QuantityClient, SoldOutError } from "seckill-quantity-client";
 *
 * const client = new QuantityClient({ url, key });
 * try {
 *   await client.reserve({ productId: "headphones", requestId: "order-4711", userId: "ada" });
 *   // ... take the money ...
 *   const order = await client.confirm("order-4711");
 *   console.log(order.status); // confirmed
 * } catch (error) {
 *   if (!(error instanceof SoldOutError)) throw error;
 *   console.log("nothing is left");
 * }
 * ```
 */
export class QuantityClient {
  readonly #calls: ServiceCalls;

  /** @throws TypeError if an option is missing or out of range */
  constructor(options: QuantityClientOptions) {
    this.#calls = new ServiceCalls(options);
  }

  /**
   * Sets units aside. The answer to a repeated request id is the reservation as it is now, which may be over: look at
   * its status.
   * @throws SoldOutError, LimitedError, UnavailableError, UnknownOutcomeError, or RefusedError: with the code
   * `request_conflict` when the request id stands for another product, quantity or user
   */
  async reserve(
    { productId, requestId, quantity, userId }: ReserveRequest,
    options?: CallOptions,
  ): Promise<Reservation> {
    const body = {
      productID: productId,
      requestID: requestId,
      ...(quantity !== undefined && { quantity }),
      ...(userId !== undefined && { userID: userId }),
    };
    return this.#reservation("POST", "/reservations", options, body);
  }

  /**
   * Takes the units of a reservation for good.
   * @throws UnavailableError, UnknownOutcomeError, or RefusedError: with the code `not_confirmable` when the units have
   * gone back
   */
  confirm(requestId: string, options?: CallOptions): Promise<Reservation> {
    return this.#reservation("POST", `${pathOf(requestId)}/confirm`, options);
  }

  /**
   * Gives the units of a reservation back that is not confirmed.
   * @throws UnavailableError, UnknownOutcomeError, or RefusedError: with the code `not_releasable` when it is confirmed
   */
  release(requestId: string, options?: CallOptions): Promise<Reservation> {
    return this.#reservation("POST", `${pathOf(requestId)}/release`, options);
  }

  /**
   * What became of a reservation.
   * @throws RefusedError with the code `reservation_not_found` when no units were ever set aside for the request id
   */
  reservation(requestId: string, options?: CallOptions): Promise<Reservation> {
    return this.#reservation("GET", pathOf(requestId), options);
  }

  /** The units that are left of one product, or of up to 100. Of many, unknown ones are left out. */
  remaining(productId: string, options?: CallOptions): Promise<Remaining>;
  remaining(productIds: readonly string[], options?: CallOptions): Promise<Remaining[]>;
  async remaining(asked: string | readonly string[], options?: CallOptions): Promise<Remaining | Remaining[]> {
    const ask = (path: string): Promise<unknown> => this.#calls.call({ method: "GET", path, signal: options?.signal });
    if (typeof asked === "string") {
      return remainingOf((await ask(`/remaining/${encodeURIComponent(asked)}`)) as SentRemaining);
    }
    if (asked.length === 0) return [];
    const sent = await ask(`/remaining?productIDs=${encodeURIComponent(asked.join(","))}`);
    return (sent as { products: SentRemaining[] }).products.map(remainingOf);
  }

  async #reservation(
    method: "GET" | "POST",
    path: string,
    options: CallOptions | undefined,
    body?: object,
  ): Promise<Reservation> {
    const sent = await this.#calls.call({ method, path, signal: options?.signal, ...(body !== undefined && { body }) });
    const { requestID, reservation, productID, userID, ...others } = sent as SentReservation;
    return { requestId: requestID, reservationId: reservation, productId: productID, userId: userID, ...others };
  }
}

function pathOf(requestId: string): string {
  return `/reservations/${encodeURIComponent(requestId)}`;
}

function remainingOf({ productID, saleID, ...others }: SentRemaining): Remaining {
  return { productId: productID, saleId: saleID, ...others };
}
