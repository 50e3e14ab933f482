import type { Clock } from "../time/clock.ts";

/** Readings older than this are replaced by any newer one, in milliseconds. */
const keptMs = 30_000;
/** The gate tells whole milliseconds. */
const roundedMs = 1;

/**
 * The clock of the gate's server as this machine sees it. The gate decides when a sale starts and ends, so a gateway whose
 * own clock is wrong, or is set during the sale, must not turn buyers away by it. So time goes on by the monotonic clock.
 */
export class GateClock {
  readonly #elapsedMs: Clock["elapsedMs"];
  #offsetMs: number;
  #roundTripMs = Number.POSITIVE_INFINITY;
  #notedMs = 0;

  constructor({ now, elapsedMs }: Clock) {
    this.#elapsedMs = elapsedMs;
    this.#offsetMs = now() - elapsedMs();
  }

  /** Unix milliseconds; this machine's clock until the gate has answered for the first time. */
  readonly now = (): number => this.#elapsedMs() + this.#offsetMs;

  /** The gate's clock as it answered a question that was sent and answered at these moments of the monotonic clock. */
  note(gateMs: number, sentMs: number, answeredMs: number): void {
    const roundTripMs = answeredMs - sentMs;
    // The gate has read its clock in between. Where that cannot be, its clock was set, or this machine has slept.
    const isPossible =
      this.#offsetMs >= gateMs - answeredMs - roundedMs && this.#offsetMs <= gateMs - sentMs + roundedMs;
    // The faster the answer, the less can be wrong.
    if (isPossible && roundTripMs > this.#roundTripMs && answeredMs - this.#notedMs < keptMs) return;
    this.#offsetMs = gateMs - (sentMs + answeredMs) / 2;
    this.#roundTripMs = roundTripMs;
    this.#notedMs = answeredMs;
  }
}
