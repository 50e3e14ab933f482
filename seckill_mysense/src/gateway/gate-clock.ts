/** Readings older than this are replaced by any newer one, in milliseconds. */
const keptMs = 30_000;

/**
 * The clock of the gate's server as this machine sees it. The gate decides when a sale starts and ends, so a gateway whose
 * own clock is wrong must not turn buyers away by it.
 */
export class GateClock {
  readonly #now: () => number;
  #offsetMs = 0;
  #roundTripMs = Number.POSITIVE_INFINITY;
  #notedMs = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Unix milliseconds; this machine's clock until the gate has answered for the first time. */
  readonly now = (): number => this.#now() + this.#offsetMs;

  /** The gate's clock as it answered a question that was sent and answered at these moments of this machine's clock. */
  note(gateMs: number, sentMs: number, answeredMs: number): void {
    const roundTripMs = answeredMs - sentMs;
    // The faster the answer, the less can be wrong.
    if (roundTripMs > this.#roundTripMs && answeredMs - this.#notedMs < keptMs) return;
    this.#offsetMs = gateMs - (sentMs + answeredMs) / 2;
    this.#roundTripMs = roundTripMs;
    this.#notedMs = answeredMs;
  }
}
