interface Event {
  readonly atMs: number;
  readonly number: number;
  readonly run: () => void;
}

/**
 * Virtual time. Events run in the order of their times, and in the order in which they were added when times are equal.
 */
export class EventQueue {
  nowMs = 0;
  readonly #heap: Event[] = [];
  #number = 0;

  after(delayMs: number, run: () => void): void {
    this.#heap.push({ atMs: this.nowMs + delayMs, number: this.#number++, run });
    let at = this.#heap.length - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (before(this.#heap[parent] as Event, this.#heap[at] as Event)) return;
      this.#exchange(at, parent);
      at = parent;
    }
  }

  /** Runs the next event if it is not later than the given time. Returns whether it ran one. */
  step(untilMs: number): boolean {
    const first = this.#heap[0];
    if (first === undefined || first.atMs > untilMs) return false;
    const last = this.#heap.pop() as Event;
    if (this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#sink();
    }
    this.nowMs = first.atMs;
    first.run();
    return true;
  }

  #sink(): void {
    for (let at = 0; ;) {
      let least = at;
      for (const child of [at * 2 + 1, at * 2 + 2]) {
        if (child < this.#heap.length && before(this.#heap[child] as Event, this.#heap[least] as Event)) least = child;
      }
      if (least === at) return;
      this.#exchange(at, least);
      at = least;
    }
  }

  #exchange(one: number, other: number): void {
    [this.#heap[one], this.#heap[other]] = [this.#heap[other] as Event, this.#heap[one] as Event];
  }
}

const before = (one: Event, other: Event): boolean =>
  one.atMs < other.atMs || (one.atMs === other.atMs && one.number < other.number);
