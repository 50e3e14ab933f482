/** Upper bounds of the latency buckets, in seconds. */
const bucketsSeconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** A cumulative histogram as Prometheus wants it. */
class Histogram {
  readonly #counts = new Float64Array(bucketsSeconds.length + 1);
  #sumSeconds = 0;

  observe(seconds: number): void {
    const bucket = bucketsSeconds.findIndex((bound) => seconds <= bound);
    this.#counts[bucket < 0 ? bucketsSeconds.length : bucket]! += 1;
    this.#sumSeconds += seconds;
  }

  lines(name: string): string[] {
    let total = 0;
    const lines = [...bucketsSeconds, "+Inf"].map((bound, index) => {
      total += this.#counts[index]!;
      return `${name}_bucket{le="${bound}"} ${total}`;
    });
    return [...lines, `${name}_sum ${this.#sumSeconds}`, `${name}_count ${total}`];
  }
}

/** Answers counted by a label whose values are few and known in advance. */
class Counter {
  readonly #counts = new Map<string, number>();

  add(label: string): void {
    this.#counts.set(label, (this.#counts.get(label) ?? 0) + 1);
  }

  lines(name: string, label: string): string[] {
    return [...this.#counts].map(([value, count]) => `${name}{${label}="${value}"} ${count}`);
  }
}

/** What the gateway counts, and its text for /metrics. */
export class GatewayMetrics {
  /** Answers of /check: `accepted`, `held`, `page`, or the code of the refusal. */
  readonly checks = new Counter();
  /** Answers of all other addresses, as `METHOD path status`. */
  readonly requests = new Counter();
  /** From the request's arrival to the answer, for requests of /check that asked the gate. */
  readonly gateLatency = new Histogram();

  text(gauges: Readonly<Record<string, number>>): string {
    return [
      "# HELP seckill_check_total Answers of /check by outcome.",
      "# TYPE seckill_check_total counter",
      ...this.checks.lines("seckill_check_total", "outcome"),
      "# HELP seckill_requests_total Answers of all other addresses.",
      "# TYPE seckill_requests_total counter",
      ...this.requests.lines("seckill_requests_total", "endpoint"),
      "# HELP seckill_check_gate_seconds Time to answer requests of /check that asked the gate.",
      "# TYPE seckill_check_gate_seconds histogram",
      ...this.gateLatency.lines("seckill_check_gate_seconds"),
      ...Object.entries(gauges).flatMap(([name, value]) => [`# TYPE ${name} gauge`, `${name} ${value}`]),
      "",
    ].join("\n");
  }
}
