/**
 * Several gateways: the price of the hop to a user's owner, refusals of bad tokens beside bare Bun.serve, and a sale
 * through one and through two gateways.
 *
 *   npm run bench:gateways -- [--rounds 5] [--requests 60000] [--orders 10000] [--no-save]
 *
 * Each gateway has a core of its own; the load, the gate (redis-server with appendfsync always) and everything else
 * share the others. Every sale is verified afterwards.
 */
import { parseArgs } from "node:util";
import { keepResults, measuredOn, median, textTable } from "../measure.ts";
import type { LoadResult } from "../seckill/http-load.ts";
import { measureHop } from "./hop.ts";
import { measureTokenRefusals } from "./refusals.ts";
import { measureSharedSale, type SharedSaleFigures } from "./shared-sale.ts";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    requests: { type: "string", default: "60000" },
    orders: { type: "string", default: "10000" },
    save: { type: "boolean", default: true },
  },
  allowNegative: true,
});
const [rounds, requests, orders] = [Number(options.rounds), Number(options.requests), Number(options.orders)];

const thousands = (value: number): string => Math.round(value).toLocaleString("en");
const latency = ({ p50, p99, p999 }: LoadResult["latencyMs"]): string[] => [p50, p99, p999].map((ms) => ms.toFixed(2));
const latencyNames = ["p50 ms", "p99 ms", "p99.9 ms"];

const machine = measuredOn();
const hop = await measureHop(rounds, requests);
console.log(
  textTable([
    ["decided by the user's owner", "per second", "us CPU of both", ...latencyNames],
    ...hop.map((row) => [
      row.place,
      thousands(row.perSecond),
      row.cpuMicroseconds.toFixed(1),
      ...latency(row.latencyMs),
    ]),
  ]),
);

const refusals = await measureTokenRefusals(rounds, requests);
console.log(
  `\n${textTable([
    ["bad tokens", "per second", "of bare", "us CPU", ...latencyNames],
    ...refusals.map((row) => [
      row.name,
      thousands(row.perSecond),
      row.share.toFixed(2),
      row.cpuMicroseconds.toFixed(1),
      ...latency(row.latencyMs),
    ]),
  ])}`,
);

const sales: SharedSaleFigures[] = [];
for (let round = 0; round < 3; round++) {
  for (const gateways of [1, 2] as const) sales.push(await measureSharedSale(gateways, orders, requests));
}
console.log(
  `\n${textTable([
    ["the sale", "accepted per second", "us CPU of the gateways", "sold out per second"],
    ...[1, 2].map((gateways) => {
      const runs = sales.filter((sale) => sale.gateways === gateways);
      return [
        `${gateways} gateway${gateways === 1 ? "" : "s"}`,
        thousands(median(runs.map(({ acceptedPerSecond }) => acceptedPerSecond))),
        median(runs.map(({ acceptedCpuMicroseconds }) => acceptedCpuMicroseconds)).toFixed(0),
        thousands(median(runs.map(({ soldOutPerSecond }) => soldOutPerSecond))),
      ];
    }),
  ])}\n${[...new Set(sales.map(({ verified }) => verified))].join("\n")}`,
);

if (options.save) console.log(`kept in ${keepResults("gateways", machine, { options, hop, refusals, sales })}`);
