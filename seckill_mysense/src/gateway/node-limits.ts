import { RateLimiter, type RateLimit } from "../authorization/rate-limiter.ts";

/** What one gateway takes on, whoever asks: beyond it, saying no at once serves everybody better than waiting. */
export class NodeLimits {
  readonly #rate: RateLimiter;
  readonly #maxInFlight: number;
  #inFlight = 0;

  /** `rate` bounds requests of /check that would reach the gate; `maxInFlight` all requests that wait for something. */
  constructor(rate: RateLimit, maxInFlight: number) {
    this.#rate = new RateLimiter(rate, 1);
    this.#maxInFlight = maxInFlight;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Whether there is room for one more; `leave` gives it back. */
  enter(): boolean {
    if (this.#inFlight >= this.#maxInFlight) return false;
    this.#inFlight++;
    return true;
  }

  leave(): void {
    this.#inFlight--;
  }

  /** Milliseconds until the node takes another try; 0 for now. */
  tryWaitMs(nowMs: number): number {
    return this.#rate.isOff ? 0 : this.#rate.take("", nowMs);
  }
}
