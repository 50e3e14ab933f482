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

export interface LabelledCounts {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly label: string;
  readonly counts: Readonly<Record<string, number>>;
}

function labelledLines({ name, type, label, counts }: LabelledCounts): string[] {
  const lines = Object.entries(counts).map(([value, count]) => `${name}{${label}="${value}"} ${count}`);
  return [`# TYPE ${name} ${type}`, ...lines];
}

/** What the gateway counts, and its text for /metrics. */
export class GatewayMetrics {
  /** Answers of /check: `accepted`, `held`, `page`, or the code of the refusal. */
  readonly checks = new Counter();
  /** Answers of all other addresses, as `METHOD path status`. */
  readonly requests = new Counter();
  /** Refusals of all other addresses, by the code in `error`. */
  readonly refusals = new Counter();
  /** From the request's arrival to the answer, for requests of /check that asked the gate. */
  readonly gateLatency = new Histogram();

  /** `labelled` are kept by others: name, label, and count by the label's value. */
  text(gauges: Readonly<Record<string, number>>, labelled: readonly LabelledCounts[] = []): string {
    return [
      "# HELP seckill_check_total Answers of /check by outcome.",
      "# TYPE seckill_check_total counter",
      ...this.checks.lines("seckill_check_total", "outcome"),
      "# HELP seckill_requests_total Answers of all other addresses.",
      "# TYPE seckill_requests_total counter",
      ...this.requests.lines("seckill_requests_total", "endpoint"),
      "# HELP seckill_refusals_total Refusals of all other addresses by reason.",
      "# TYPE seckill_refusals_total counter",
      ...this.refusals.lines("seckill_refusals_total", "error"),
      "# HELP seckill_check_gate_seconds Time to answer requests of /check that asked the gate.",
      "# TYPE seckill_check_gate_seconds histogram",
      ...this.gateLatency.lines("seckill_check_gate_seconds"),
      ...labelled.flatMap(labelledLines),
      ...Object.entries(gauges).flatMap(([name, value]) => [`# TYPE ${name} gauge`, `${name} ${value}`]),
      "",
    ].join("\n");
  }
}
