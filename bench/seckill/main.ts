/**
 * The sale under load: how many it turns away beside bare Bun.serve, and how many orders reach MariaDB.
 *
 *   npm run bench:seckill -- [--rounds 5] [--requests 100000] [--orders 20000] [--no-save]
 *
 * Rejections: a gateway alone on one core, a buyer of its own for each request, and the load on the others. Orders: gate, gateway, relay and consumer in one
 * process, with RabbitMQ and MariaDB, sharing all cores with the load. Every sale is verified afterwards.
 */
import { parseArgs } from "node:util";
import { keepResults, measuredOn, textTable } from "../measure.ts";
import type { LoadResult } from "./http-load.ts";
import { measureOrders } from "./orders.ts";
import { measureRejections } from "./rejections.ts";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    requests: { type: "string", default: "100000" },
    orders: { type: "string", default: "20000" },
    save: { type: "boolean", default: true },
  },
  allowNegative: true,
});

const thousands = (value: number): string => Math.round(value).toLocaleString("en");
const latency = ({ p50, p99, p999 }: LoadResult["latencyMs"]): string[] => [p50, p99, p999].map((ms) => ms.toFixed(1));

const machine = measuredOn();
const rejections = await measureRejections(Number(options.rounds), Number(options.requests));
console.log(
  textTable([
    ["rejections", "status", "per second", "of bare", "CPU of bare", "us CPU", "p50 ms", "p99 ms", "p99.9 ms"],
    ...rejections.map((row) => [
      row.name,
      `${row.status}`,
      thousands(row.perSecond),
      row.share.toFixed(2),
      row.cpuShare.toFixed(2),
      row.cpuMicroseconds.toFixed(1),
      ...latency(row.latencyMs),
    ]),
  ]),
);
console.log("latencies at 70% of the throughput, from an open loop\n");

const orders = await measureOrders(Number(options.orders));
console.log(
  textTable([
    ["orders", "per second", "p50 ms", "p99 ms", "p99.9 ms"],
    ["accepted (202), all at once", thousands(orders.acceptedPerSecond), ...latency(orders.rushLatencyMs)],
    ["committed to MariaDB through RabbitMQ", thousands(orders.committedPerSecond)],
    ["accepted (202), paced at 70%", thousands(orders.committedPerSecond * 0.7), ...latency(orders.pacedLatencyMs)],
  ]),
);
console.log(
  `${thousands(orders.orders * 2)} orders, ${orders.cpuMicrosecondsPerOrder.toFixed(0)} us CPU each; ${orders.verified}`,
);

if (options.save) console.log(`kept in ${keepResults("seckill", machine, { options, rejections, orders })}`);
