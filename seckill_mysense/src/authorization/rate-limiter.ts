export interface RateLimit {
  /** The steady rate; 0 switches the limit off. */
  readonly ratePerSecond: number;
  /** The number of requests that may come at once after a pause. */
  readonly burst: number;
  /**
   * A refused request counts as well, so that the wait of a client that does not wait grows, up to this. Without it, a
   * refused request does not count.
   */
  readonly mostWaitMs?: number;
}

/** The slots in which a key can be stored: one set. */
const ways = 8;

/**
 * A rate limit per key (user or address) in a table of fixed size, by the generic cell rate algorithm. It stores one
 * number per key: the time at which the key's bucket would be empty again, by a monotonic clock. When a set of slots is full, the key that is
 * furthest from its limit is forgotten. A flood of keys can therefore only make the limiter more lenient to others.
 */
export class RateLimiter {
  readonly #intervalMs: number;
  readonly #toleranceMs: number;
  readonly #mostWaitMs: number;
  readonly #fingerprints: Uint32Array;
  readonly #emptyAtMs: Float64Array;
  readonly #setMask: number;
  // Random, so that an attacker cannot compute keys that share a set.
  readonly #seed = crypto.getRandomValues(new Uint32Array(1))[0]!;

  /** `maxKeys` is rounded up to a power of two. Each key takes 12 bytes. */
  constructor(limit: RateLimit, maxKeys: number) {
    this.#intervalMs = limit.ratePerSecond > 0 ? 1000 / limit.ratePerSecond : 0;
    this.#toleranceMs = this.#intervalMs * (limit.burst - 1);
    this.#mostWaitMs = limit.mostWaitMs ?? 0;
    const slots = this.#intervalMs === 0 ? 0 : Math.max(ways, 2 ** Math.ceil(Math.log2(maxKeys)));
    this.#fingerprints = new Uint32Array(slots);
    this.#emptyAtMs = new Float64Array(slots);
    this.#setMask = slots / ways - 1;
  }

  /** Whether the limit is off, so that the caller need not compute the key. */
  get isOff(): boolean {
    return this.#intervalMs === 0;
  }

  /** Counts one request of `key`: 0 when it may pass, otherwise the milliseconds until one may. */
  take(key: string, nowMs: number): number {
    if (this.#intervalMs === 0) return 0;
    const slot = this.#find(key, nowMs);
    const emptyAtMs = Math.max(this.#emptyAtMs[slot]!, nowMs);
    const waitMs = emptyAtMs - nowMs - this.#toleranceMs;
    if (waitMs <= 0) {
      this.#emptyAtMs[slot] = emptyAtMs + this.#intervalMs;
      return 0;
    }
    const longerMs = Math.min(waitMs + this.#intervalMs, this.#mostWaitMs);
    if (longerMs <= waitMs) return waitMs;
    this.#emptyAtMs[slot] = nowMs + this.#toleranceMs + longerMs;
    return longerMs;
  }

  /** Counts one request of `key`, which is never refused. There are `burst` at most, and they end at the rate. */
  count(key: string, nowMs: number): void {
    if (this.#intervalMs === 0) return;
    const slot = this.#find(key, nowMs);
    const most = nowMs + this.#intervalMs + this.#toleranceMs;
    this.#emptyAtMs[slot] = Math.min(Math.max(this.#emptyAtMs[slot]!, nowMs) + this.#intervalMs, most);
  }

  /** How many requests of `key` were counted and have not ended. */
  counted(key: string, nowMs: number): number {
    if (this.#intervalMs === 0) return 0;
    return Math.max(0, Math.ceil((this.#emptyAt(key) - nowMs) / this.#intervalMs));
  }

  /** Returns what `take` would, without counting a request. */
  peek(key: string, nowMs: number): number {
    if (this.#intervalMs === 0) return 0;
    return Math.max(0, this.#emptyAt(key) - nowMs - this.#toleranceMs);
  }

  /** When the bucket of `key` is empty; 0 for a key that is not known. */
  #emptyAt(key: string): number {
    const { start, fingerprint } = this.#placeOf(key);
    for (let slot = start; slot < start + ways; slot++) {
      if (this.#fingerprints[slot] === fingerprint) return this.#emptyAtMs[slot]!;
    }
    return 0;
  }

  #placeOf(key: string): { readonly start: number; readonly fingerprint: number } {
    const hash = Bun.hash.murmur32v3(key, this.#seed);
    const fingerprint = (Bun.hash.murmur32v3(key, this.#seed ^ 0x5bd1e995) | 1) >>> 0;
    return { start: (hash & this.#setMask) * ways, fingerprint };
  }

  #find(key: string, nowMs: number): number {
    const { start, fingerprint } = this.#placeOf(key);
    let oldest = start;
    for (let slot = start; slot < start + ways; slot++) {
      if (this.#fingerprints[slot] === fingerprint) return slot;
      if (this.#emptyAtMs[slot]! < this.#emptyAtMs[oldest]!) oldest = slot;
    }
    this.#fingerprints[oldest] = fingerprint;
    this.#emptyAtMs[oldest] = nowMs;
    return oldest;
  }
}
