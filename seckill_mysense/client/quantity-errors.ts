/** The JSON of a refusal, as the service sends it. */
export interface RefusalBody {
  readonly error: string;
  readonly message: string;
  readonly retryAfterSeconds?: number;
  readonly startsAtMs?: number;
}

interface Details {
  /** The HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** The code in `error`, such as `sold_out`; `no_answer` when there was no answer. */
  readonly code: string;
  readonly retryAfterSeconds?: number | undefined;
  readonly startsAtMs?: number | undefined;
  readonly cause?: unknown;
}

/** Every failure of a `QuantityClient` is one of its subclasses, or the reason of the caller's own AbortSignal. */
export class QuantityError extends Error {
  override readonly name: string = "QuantityError";
  readonly status: number;
  readonly code: string;
  /** When to come back, if the service said so. */
  readonly retryAfterSeconds: number | undefined;
  /** With `not_started`: the start of the sale, Unix milliseconds. */
  readonly startsAtMs: number | undefined;

  constructor(message: string, details: Details) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.status = details.status;
    this.code = details.code;
    this.retryAfterSeconds = details.retryAfterSeconds;
    this.startsAtMs = details.startsAtMs;
  }
}

/** No unit is left. Units of others can come back: the same request id may be used again. */
export class SoldOutError extends QuantityError {
  override readonly name = "SoldOutError";
}

/**
 * A limit was reached, and nothing was reserved: `limited` is the program's limit of requests, `user_limit` the sale's limit
 * of units per user.
 */
export class LimitedError extends QuantityError {
  override readonly name = "LimitedError";
}

/** Nothing was done, because a part is away or busy, or the sale is not open. Repeat the call later. */
export class UnavailableError extends QuantityError {
  override readonly name = "UnavailableError";
}

/**
 * There was no answer, or none that says whether it was done. Repeat the call with the same request id: it takes no second
 * unit. The service itself gives units back that nobody confirms.
 */
export class UnknownOutcomeError extends QuantityError {
  override readonly name = "UnknownOutcomeError";
}

/** The service refused the call for good, for example for a wrong key, or a request id that stands for something else. */
export class RefusedError extends QuantityError {
  override readonly name = "RefusedError";
}

const soldOut = new Set(["sold_out", "sale_ended", "too_few_left"]);
const limits = new Set(["limited", "address_limited", "user_limit", "over_limit"]);
/** The service did nothing: it refused before it asked anybody. */
const notDone = new Set(["overloaded", "gate_closed", "sale_paused", "not_started", "not_recorded_yet"]);

/** The error for a refusal of the service. */
export function errorOf(status: number, body: RefusalBody): QuantityError {
  const { error: code, message, retryAfterSeconds, startsAtMs } = body;
  const details = { status, code, retryAfterSeconds, startsAtMs };
  if (soldOut.has(code)) return new SoldOutError(message, details);
  if (limits.has(code)) return new LimitedError(message, details);
  if (notDone.has(code)) return new UnavailableError(message, details);
  if (status >= 500) return new UnknownOutcomeError(message, details);
  return new RefusedError(message, details);
}
