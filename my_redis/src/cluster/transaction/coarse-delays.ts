/** Delays below this are exact; longer ones may end later by up to this. */
const granularityMs = 50;

interface Delayed {
  readonly dueMs: number;
  readonly run: () => void;
}

/**
 * Many timers of few lengths, nearly all of which are cancelled before they end. They cost one queue for each length,
 * and a single timer of the system.
 */
export class CoarseDelays {
  readonly #monotonicMs: () => number;
  readonly #queues = new Map<number, Delayed[]>();
  #count = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  after(delayMs: number, run: () => void): void {
    if (delayMs < granularityMs) {
      setTimeout(run, delayMs).unref();
      return;
    }
    const lengthMs = Math.ceil(delayMs / granularityMs) * granularityMs;
    const delayed = { dueMs: this.#monotonicMs() + lengthMs, run };
    const queue = this.#queues.get(lengthMs);
    if (queue === undefined) this.#queues.set(lengthMs, [delayed]);
    else queue.push(delayed);
    this.#count++;
    this.#wait();
  }

  #wait(): void {
    if (this.#timer !== undefined || this.#count === 0) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#runDue();
      this.#wait();
    }, granularityMs);
    this.#timer.unref();
  }

  #runDue(): void {
    const nowMs = this.#monotonicMs();
    for (const [lengthMs, queue] of [...this.#queues]) {
      let due = 0;
      while (due < queue.length && (queue[due] as Delayed).dueMs <= nowMs) due++;
      const ready = queue.splice(0, due);
      this.#count -= due;
      if (queue.length === 0) this.#queues.delete(lengthMs);
      for (const { run } of ready) run();
    }
  }
}
