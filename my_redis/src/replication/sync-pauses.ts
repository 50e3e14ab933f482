/** Replicas whose full synchronisation failed, at most so many; the oldest is forgotten first. */
const maxReplicas = 1000;
const shortestPauseMs = 100;

interface Failure {
  /** In a row: all, and those for which the replica was too slow. */
  readonly count: number;
  readonly slowCount: number;
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
 * - Its connection has ended: the next one may succeed. The pause after the n-th failure in a row is n times as long as
 *   what failed. So in any time t there are at most about sqrt(2t / duration) of them, and their share of the time goes
 *   to zero.
 *
 * A synchronisation has also failed when the replica leaves sooner after it than it took: a replica that crashes whenever it
 * has all data would otherwise get it for ever.
 */
export class SyncPauses {
  readonly #failures = new Map<string, Failure>();

  /** Milliseconds that this replica must still wait; 0 when it may have a snapshot. */
  leftMs(replica: string, nowMs: number): number {
    return Math.max(0, (this.#failures.get(replica)?.untilMs ?? 0) - nowMs);
  }

  /** Its synchronisation, which has lasted so long, has failed. Returns the pause in milliseconds. */
  failed(replica: string, { isTooSlow, lastedMs, nowMs }: FailedSync): number {
    const before = this.#failures.get(replica);
    const count = (before?.count ?? 0) + 1;
    const slowCount = (before?.slowCount ?? 0) + (isTooSlow ? 1 : 0);
    const pauseMs = Math.max(shortestPauseMs, lastedMs) * (isTooSlow ? 2 ** Math.min(slowCount, 40) : count);
    this.#failures.delete(replica);
    this.#failures.set(replica, { count, slowCount, pauseMs, untilMs: nowMs + pauseMs });
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > maxReplicas && oldest !== undefined) this.#failures.delete(oldest);
    return pauseMs;
  }

  /** Whoever has waited need not wait any more: the operator has changed what they failed at. */
  forget(): void {
    this.#failures.clear();
  }

  /** It has kept up with the stream for so long. Only when that was longer than its last pause, the failures are over. */
  keptUp(replica: string, forMs: number): void {
    if (forMs > (this.#failures.get(replica)?.pauseMs ?? 0)) this.#failures.delete(replica);
  }
}
