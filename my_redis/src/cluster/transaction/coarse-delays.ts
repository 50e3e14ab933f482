/** Delays below this are kept as they are; longer ones may take as much more. */
const granularityMs = 50;

interface Delayed {
  readonly dueMs: number;
  readonly run: () => void;
}

/**
 * Timers of which there are many, few lengths, and of which nearly all come to nothing: a queue for each length, and
 * one timer of the system for all.
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
