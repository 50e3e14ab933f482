/** Milliseconds. */
export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** Durations in milliseconds, in memory that is made once. */
export class Samples {
  readonly #values: Float32Array;
  #count = 0;

  constructor(capacity: number) {
    this.#values = new Float32Array(capacity);
  }

  /** Throws when there are more than the capacity. */
  add(ms: number): void {
    if (this.#count === this.#values.length) throw new Error(`more than ${this.#values.length} samples`);
    this.#values[this.#count++] = ms;
  }

  clear(): void {
    this.#count = 0;
  }

  get count(): number {
    return this.#count;
  }

  percentiles(): Percentiles {
    const sorted = this.#values.slice(0, this.#count).sort();
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    return { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) };
  }
}
