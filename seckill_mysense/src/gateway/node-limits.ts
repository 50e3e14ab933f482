import { RateLimiter, type RateLimit } from "../authorization/rate-limiter.ts";

/** Limits of one gateway over all users. Beyond them a fast refusal is better for everybody than a long wait. */
export class NodeLimits {
  readonly #rate: RateLimiter;
  readonly #maxInFlight: number;
  #inFlight = 0;

  /**
   * `rate` limits the requests of /check that would reach the gate, `maxInFlight` all requests that wait for something.
   */
  constructor(rate: RateLimit, maxInFlight: number) {
    this.#rate = new RateLimiter(rate, 1);
    this.#maxInFlight = maxInFlight;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Takes a place for one request, and returns whether there was one. `leave` gives the place back. */
  enter(): boolean {
    if (this.#inFlight >= this.#maxInFlight) return false;
    this.#inFlight++;
    return true;
  }

  leave(): void {
    this.#inFlight--;
  }

  /** Counts one try; returns 0 if it may pass, otherwise the milliseconds until one may. */
  tryWaitMs(nowMs: number): number {
    return this.#rate.isOff ? 0 : this.#rate.take("", nowMs);
  }
}
