/** How fast two clocks may drift apart, as a share of the time: ten times the drift of a bad clock. */
const driftShare = 0.001;

/**
 * How much longer a message took than the fastest one so far. Messages carry the sender's clock; the two clocks have only
 * their pace in common.
 */
export class LinkDelay {
  #least = Number.POSITIVE_INFINITY;
  #lastMs = 0;

  /** Milliseconds beyond the shortest time that a message has taken. */
  excess(sentAtMs: number, arrivedAtMs: number): number {
    const difference = arrivedAtMs - sentAtMs;
    // The least difference grows slowly, by as much as the clocks may have drifted.
    this.#least = Math.min(difference, this.#least + (arrivedAtMs - this.#lastMs) * driftShare);
    this.#lastMs = arrivedAtMs;
    return difference - this.#least;
  }
}
