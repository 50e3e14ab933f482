export interface RetryPauseOptions {
  /** The pause after the first failed attempt. */
  readonly firstMs: number;
  /** The longest pause. */
  readonly longestMs: number;
  /** How long an outage lasts before pauses begin to grow; 0, the default, from the start. */
  readonly steadyMs?: number;
}

/**
 * The pauses between attempts to reach a peer. Each is twice as long as the one before, up to a limit. So a restarting
 * peer is found soon, and a peer that stays away costs little. Times are milliseconds of any clock that never goes
 * back.
 */
export class RetryPause {
  readonly #options: RetryPauseOptions;
  #pauseMs = 0;
  #dueAtMs = Number.NEGATIVE_INFINITY;
  #failedSinceMs: number | undefined;

  constructor(options: RetryPauseOptions) {
    this.#options = options;
  }

  /** The present pause: how long after the last failure the next attempt is due. */
  get pauseMs(): number {
    return this.#pauseMs;
  }

  isDue(nowMs: number): boolean {
    return nowMs >= this.#dueAtMs;
  }

  /** Records that an attempt failed, or that a connection was lost. */
  failed(nowMs: number): void {
    const { firstMs, longestMs, steadyMs = 0 } = this.#options;
    this.#failedSinceMs ??= nowMs;
    const isSteady = this.#pauseMs === 0 || nowMs - this.#failedSinceMs < steadyMs;
    this.#pauseMs = isSteady ? firstMs : Math.min(this.#pauseMs * 2, longestMs);
    this.#dueAtMs = nowMs + this.#pauseMs;
  }

  /** Records that the peer is reachable: the next attempt is due at once, and pauses are short again. */
  reset(): void {
    this.#pauseMs = 0;
    this.#dueAtMs = Number.NEGATIVE_INFINITY;
    this.#failedSinceMs = undefined;
  }
}
