/** Two clocks may drift apart by so much, as a share of the time: ten times what a bad one does. */
const driftShare = 0.001;

/**
 * How much longer messages take than they did at best, told from the sender's clock in them. The two clocks have
 * nothing in common but their pace.
 */
export class LinkDelay {
  #least = Number.POSITIVE_INFINITY;
  #lastMs = 0;

  /** Milliseconds beyond the shortest time that a message has taken. */
  excess(sentAtMs: number, arrivedAtMs: number): number {
    const difference = arrivedAtMs - sentAtMs;
    // What was least creeps up with the time, by what the clocks may have drifted.
    this.#least = Math.min(difference, this.#least + (arrivedAtMs - this.#lastMs) * driftShare);
    this.#lastMs = arrivedAtMs;
    return difference - this.#least;
  }
}
