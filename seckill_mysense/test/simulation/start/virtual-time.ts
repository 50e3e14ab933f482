interface Due {
  readonly atMs: number;
  /** Of two things that are due at one moment, the one that was asked for first comes first. */
  readonly order: number;
  readonly run: () => Promise<void> | void;
}

/** How long things that run at the same time may last in virtual time: a ledger's transaction, say. */
const tickMs = 10;

/** Time that passes when everything that is due has been done. */
export class VirtualTime {
  nowMs: number;
  readonly #heap: Due[] = [];
  #asked = 0;

  constructor(startsAtMs: number) {
    this.nowMs = startsAtMs;
  }

  at(atMs: number, run: Due["run"]): void {
    const heap = this.#heap;
    heap.push({ atMs: Math.max(atMs, this.nowMs), order: this.#asked++, run });
    let index = heap.length - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(heap[index]!, heap[parent]!)) break;
      [heap[index], heap[parent]] = [heap[parent]!, heap[index]!];
      index = parent;
    }
  }

  after(ms: number, run: Due["run"]): void {
    this.at(this.nowMs + ms, run);
  }

  /** Until nothing is due any more, or the moment has come. */
  async runUntil(endMs: number): Promise<void> {
    for (let first = this.#heap[0]; first !== undefined && first.atMs <= endMs; first = this.#heap[0]) {
      const tickEndsMs = Math.min(endMs, first.atMs + tickMs);
      const running: Promise<void>[] = [];
      for (let due: Due | undefined = first; due !== undefined && due.atMs <= tickEndsMs; due = this.#heap[0]) {
        this.#removeFirst();
        this.nowMs = due.atMs;
        const done = due.run();
        if (done !== undefined) running.push(done);
      }
      if (running.length > 0) await Promise.all(running);
    }
    this.nowMs = Math.max(this.nowMs, endMs);
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    heap[0] = last;
    for (let index = 0; ;) {
      const [left, right] = [2 * index + 1, 2 * index + 2];
      let least = index;
      if (left < heap.length && isBefore(heap[left]!, heap[least]!)) least = left;
      if (right < heap.length && isBefore(heap[right]!, heap[least]!)) least = right;
      if (least === index) return;
      [heap[index], heap[least]] = [heap[least]!, heap[index]!];
      index = least;
    }
  }
}

function isBefore(one: Due, other: Due): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}
