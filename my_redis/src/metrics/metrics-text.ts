import type { InfoLine } from "../dispatch/info-book.ts";
import { metricsOfFields } from "./metric-table.ts";

/** A section of INFO, by its name. */
export type InfoOfSection = readonly [section: string, lines: readonly InfoLine[]];

type Labels = Readonly<Record<string, string>>;
type MetricType = "gauge" | "counter";

/** Collects samples, with those of one metric together, as the text format wants them. */
class MetricsPage {
  readonly #families = new Map<string, string[]>();

  add(name: string, about: { readonly type: MetricType; readonly help: string }, value: number, labels?: Labels): void {
    if (!Number.isFinite(value)) return;
    let lines = this.#families.get(name);
    if (lines === undefined) {
      lines = [`# HELP ${name} ${about.help}`, `# TYPE ${name} ${about.type}`];
      this.#families.set(name, lines);
    }
    lines.push(`${name}${labels === undefined ? "" : labelText(labels)} ${value}`);
  }

  toString(): string {
    return [...this.#families.values()].flat().join("\n") + "\n";
  }
}

function labelText(labels: Labels): string {
  const escaped = (value: string): string =>
    value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return `{${pairs.join(",")}}`;
}

/** "calls=1,usec=20" as numbers by their names. */
function numbersOf(value: string): Map<string, number> {
  const pairs = value.split(",").map((pair) => pair.split("=") as [string, string]);
  return new Map(pairs.map(([name, number]) => [name, Number(number)]));
}

const texts = {
  commands: { type: "counter", help: "Calls of a command." },
  durations: { type: "counter", help: "Seconds that the calls of a command took." },
  rejected: { type: "counter", help: "Calls that were refused before they ran." },
  failed: { type: "counter", help: "Calls that ended with an error." },
  errors: { type: "counter", help: "Error replies by their first word." },
  percentiles: { type: "gauge", help: "Microseconds within which a share of the calls of a command ended." },
  keys: { type: "gauge", help: "Keys of a database." },
  expiring: { type: "gauge", help: "Keys of a database with an expiry." },
  averageTime: { type: "gauge", help: "Average time that keys with an expiry have left." },
  instance: { type: "gauge", help: "Facts about the server, as labels." },
  up: { type: "gauge", help: "Always 1: the server answers." },
} as const;

const instanceLabels = [
  ...["role", "redis_version", "my_redis_version", "redis_mode", "os", "run_id", "tcp_port", "process_id"],
  "maxmemory_policy",
];

/** The lines of INFO in the text format of Prometheus. */
export function metricsText(sections: readonly InfoOfSection[]): string {
  const page = new MetricsPage();
  page.add("redis_up", texts.up, 1);
  const facts = new Map<string, string>();
  for (const [section, lines] of sections) {
    for (const [field, given] of lines) {
      const value = String(given);
      facts.set(field, value);
      if (section === "commandstats") addCommand(page, field, value);
      else if (section === "errorstats") addError(page, field, value);
      else if (section === "latencystats") addPercentiles(page, field, value);
      else if (section === "keyspace") addDatabase(page, field, value);
      else addField(page, field, value);
    }
  }
  const labels = instanceLabels.filter((name) => facts.has(name)).map((name) => [name, facts.get(name) as string]);
  page.add("redis_instance_info", texts.instance, 1, Object.fromEntries(labels));
  return page.toString();
}

function addField(page: MetricsPage, field: string, value: string): void {
  const metric = Object.hasOwn(metricsOfFields, field) ? metricsOfFields[field] : undefined;
  if (metric === undefined || value === "") return;
  page.add(metric.name, metric, metric.read === undefined ? Number(value) : metric.read(value));
}

function addCommand(page: MetricsPage, field: string, value: string): void {
  const labels = { cmd: field.replace(/^cmdstat_/, "") };
  const numbers = numbersOf(value);
  const of = (name: string): number => numbers.get(name) ?? Number.NaN;
  page.add("redis_commands_total", texts.commands, of("calls"), labels);
  page.add("redis_commands_duration_seconds_total", texts.durations, of("usec") / 1e6, labels);
  page.add("redis_commands_rejected_calls_total", texts.rejected, of("rejected_calls"), labels);
  page.add("redis_commands_failed_calls_total", texts.failed, of("failed_calls"), labels);
}

function addError(page: MetricsPage, field: string, value: string): void {
  const labels = { err: field.replace(/^errorstat_/, "") };
  page.add("redis_errors_total", texts.errors, numbersOf(value).get("count") ?? Number.NaN, labels);
}

function addPercentiles(page: MetricsPage, field: string, value: string): void {
  const cmd = field.replace(/^latency_percentiles_usec_/, "");
  for (const [name, microseconds] of numbersOf(value)) {
    page.add("redis_latency_percentiles_usec", texts.percentiles, microseconds, { cmd, quantile: name.slice(1) });
  }
}

function addDatabase(page: MetricsPage, db: string, value: string): void {
  const numbers = numbersOf(value);
  const of = (name: string): number => numbers.get(name) ?? Number.NaN;
  page.add("redis_db_keys", texts.keys, of("keys"), { db });
  page.add("redis_db_keys_expiring", texts.expiring, of("expires"), { db });
  page.add("redis_db_avg_ttl_seconds", texts.averageTime, of("avg_ttl") / 1000, { db });
}
