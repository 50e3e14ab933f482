export interface QuantityClientOptions {
  /** Where the quantity service listens, such as `http://10.0.0.5:8082`. */
  readonly url: string;
  /** The key of this program. */
  readonly key: string;
  /** The longest wait for one answer, in milliseconds: 3,000 when not given. */
  readonly timeoutMs?: number;
  /** Most tries of one call, the first among them: 4 when not given. */
  readonly maxTries?: number;
  /** The pause before the second try, in milliseconds; it doubles, up to two seconds. 100 when not given. */
  readonly firstPauseMs?: number;
  /** In place of the global `fetch`. */
  readonly fetch?: Fetch;
}

/** As much of the global `fetch` as the client uses. */
export type Fetch = (url: string, init: FetchInit) => Promise<FetchedAnswer>;

export interface FetchInit {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
  readonly redirect: "error";
  /** An AbortSignal. */
  readonly signal: unknown;
}

export interface FetchedAnswer {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  text(): Promise<string>;
}

/** An AbortSignal. It is described here, so that a compiler needs no types of a browser or of Node. */
export interface CallSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

export interface CallOptions {
  /** Ends the call with the signal's reason. The outcome is then unknown: repeat it with the same request id. */
  readonly signal?: CallSignal | undefined;
}

export interface ReserveRequest {
  readonly productId: string;
  /**
   * An id of your choice for this reservation, at most 64 letters, digits, dots, dashes, colons and underscores. Keep it
   * before you call: after a crash the same id finds the same reservation.
   */
  readonly requestId: string;
  /** How many units: 1 when not given. */
  readonly quantity?: number;
  /** Your user, for the sale's limit per user, at most 40 characters. Without one no such limit holds. */
  readonly userId?: string;
}

/**
 * - `pending`: units were set aside, and are not in the book of orders yet.
 * - `reserved`: they are, and are to be confirmed before `confirmBeforeMs`.
 * - `confirmed`: they are taken for good.
 * - `released`, `expired`: they went back, by your call or because nobody confirmed in time.
 * - `rejected`: the book of orders refused the reservation; `reason` says why.
 * - `lost`: the gate has lost data, and nothing was ordered. The same request id may reserve again.
 * - `called_off`: the sale was cancelled after the confirmation.
 */
export type ReservationStatus =
  | "pending"
  | "reserved"
  | "confirmed"
  | "released"
  | "expired"
  | "rejected"
  | "lost"
  | "called_off";

export interface Reservation {
  readonly requestId: string;
  /** The id in the shop's book of orders. */
  readonly reservationId: string;
  readonly productId: string;
  readonly userId: string | null;
  readonly quantity: number;
  readonly status: ReservationStatus;
  readonly reason?: string;
  /** Unix milliseconds. */
  readonly confirmBeforeMs?: number;
}

export interface Remaining {
  readonly productId: string;
  readonly saleId: string;
  /** About a second old; null when unknown. Only the answer to a reservation counts. */
  readonly remaining: number | null;
  readonly total: number;
  readonly startsAtMs: number;
  readonly endsAtMs: number;
  readonly paused: boolean;
}
