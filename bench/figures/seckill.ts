import type { OrderFigures } from "../seckill/orders.ts";
import type { RejectionFigures } from "../seckill/rejections.ts";
import { milliseconds, ratio, table, thousands } from "./markdown.ts";
import { newestResults, type Stored } from "./results.ts";

interface SeckillResults {
  readonly rejections: readonly RejectionFigures[];
  readonly orders: OrderFigures;
}

/** The sale, for the README. */
export function seckillSummary(): string {
  const { machine, rejections, orders, file }: SeckillResults & Stored = newestResults("seckill");
  return [
    "The sale on the same machine. Refusals: one gateway on one core, beside a bare `Bun.serve` that gives the same bytes, and one",
    "that also computes an HMAC of the token; 100,000 buyers, each with a token of its own, in turn. CPU time says more than",
    "throughput, which the load limits ([0106](docs/decisions/0106-refusals-of-distinct-buyers.md)).",
    "Orders: all parts (MyRedis with `appendfsync always`, gateway, relay, consumer, RabbitMQ, MariaDB, and the buyers) on",
    `the machine's ${machine.cores} cores.`,
    "",
    table([
      ["", "per second", "of bare Bun.serve", "CPU", "p50 ms", "p99 ms", "p99.9 ms"],
      ...rejections.map((row) => [
        row.name,
        thousands(row.perSecond),
        ratio(row.share),
        ratio(row.cpuShare),
        milliseconds(row.latencyMs.p50),
        milliseconds(row.latencyMs.p99),
        milliseconds(row.latencyMs.p999),
      ]),
      [
        "accepted (202), paced",
        thousands(orders.committedPerSecond * 0.7),
        "",
        "",
        milliseconds(orders.pacedLatencyMs.p50),
        milliseconds(orders.pacedLatencyMs.p99),
        milliseconds(orders.pacedLatencyMs.p999),
      ],
      ["orders committed to MariaDB through RabbitMQ", thousands(orders.committedPerSecond), "", "", "", "", ""],
    ]),
    "",
    "Latencies come from an open loop at 70% of the throughput. Each counts from the moment at which its request was due.",
    `After the run \`verify\` reported: ${orders.verified}. From [${file}](bench/results/${file}), commit ${machine.commit}.`,
  ].join("\n");
}
