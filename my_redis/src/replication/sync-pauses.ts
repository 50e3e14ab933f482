/** Replicas whose full synchronisation failed, at most so many; the oldest is forgotten first. */
const maxReplicas = 1000;
const shortestPauseMs = 100;

interface Failure {
  readonly count: number;
  readonly pauseMs: number;
  readonly untilMs: number;
}

export interface FailedSync {
  readonly isTooSlow: boolean;
  readonly lastedMs: number;
  readonly nowMs: number;
}

/**
 * Lets a replica whose full synchronisation has failed wait before it gets the next one.
 *
 * - It was too slow for the limits: it would fail again. The pause after the n-th such failure in a row is 2^n times as long
 *   as what failed. So in any time t there are at most about log2(t / duration) of them, whatever the replica does.
 * - Its connection has ended: the next one may succeed. The pause is as long as what failed, so that full synchronisations
 *   for nothing take at most half of the time.
 */
export class SyncPauses {
  readonly #failures = new Map<string, Failure>();

  /** Milliseconds that this replica must still wait; 0 when it may have a snapshot. */
  leftMs(replica: string, nowMs: number): number {
    return Math.max(0, (this.#failures.get(replica)?.untilMs ?? 0) - nowMs);
  }

  /** Its synchronisation, which has lasted so long, has failed. Returns the pause in milliseconds. */
  failed(replica: string, { isTooSlow, lastedMs, nowMs }: FailedSync): number {
    const count = (this.#failures.get(replica)?.count ?? 0) + (isTooSlow ? 1 : 0);
    const doublings = isTooSlow ? Math.min(count, 40) : 0;
    const pauseMs = Math.max(shortestPauseMs, lastedMs) * 2 ** doublings;
    this.#failures.delete(replica);
    this.#failures.set(replica, { count, pauseMs, untilMs: nowMs + pauseMs });
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > maxReplicas && oldest !== undefined) this.#failures.delete(oldest);
    return pauseMs;
  }

  /** It has kept up with the stream for so long. Only when that was longer than its last pause, the failures are over. */
  keptUp(replica: string, forMs: number): void {
    if (forMs > (this.#failures.get(replica)?.pauseMs ?? 0)) this.#failures.delete(replica);
  }
}
