/**
 * The gate's reservations per second on redis-server: gathered into batches, beside one script call for each.
 *
 *   bun bench/gate.ts [--requests 100000] [--buyers 20000] [--concurrency 512] [--rounds 3]
 *
 * "crowd": 1,000 units, so almost all is replays and refusals. "all accepted": enough for everybody. Gate and load share
 * one process and its core; the server has another. CPU is that of the whole process, load included.
 */
import { parseArgs } from "node:util";
import { createGate } from "../seckill_mysense/src/gate/redis-gate.ts";
import { startRedisServer, type Service } from "../tools/test-services/index.ts";
import { cpuTimeMs, median, textTable } from "./measure.ts";

const { values: options } = parseArgs({
  options: {
    requests: { type: "string", default: "100000" },
    buyers: { type: "string", default: "20000" },
    concurrency: { type: "string", default: "512" },
    rounds: { type: "string", default: "3" },
  },
});
const requests = Number(options.requests);
const buyers = Number(options.buyers);
const concurrency = Number(options.concurrency);

const fsyncPolicies = ["no", "everysec", "always"] as const;
const workloads = { crowd: 1_000, "all accepted": requests } as const;
const manners = { batched: {}, "one by one": { maxBatch: 1, maxInFlight: 64 } } as const;

type Workload = keyof typeof workloads;
type Manner = keyof typeof manners;

interface Figures {
  readonly perSecond: number;
  readonly clientMicros: number;
  readonly serverMicros: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

let saleCount = 0;

async function run(server: Service, workload: Workload, manner: Manner): Promise<Figures> {
  const gate = createGate({ connection: { url: server.url }, timeoutMs: 10_000, ...manners[manner] });
  const total = workloads[workload];
  saleCount += 1;
  const saleId = `sale-${saleCount}`;
  const productId = `product-${saleCount}`;
  const sale = { id: saleId, title: "", startsAtMs: Date.now() - 1_000, endsAtMs: Date.now() + 3_600_000 };
  const limitPerUser = workload === "crowd" ? 1 : Math.ceil(requests / buyers);
  const product = { id: productId, saleId, name: "", priceMinor: 1, currency: "EUR", total, limitPerUser, epoch: 1 };
  await gate.arm(sale, product, total);

  const latenciesMs: number[] = [];
  let next = 0;
  const buyer = async (): Promise<void> => {
    while (next < requests) {
      const n = next++;
      const startedMs = performance.now();
      await gate.reserve({ saleId, productId, userId: `user-${n % buyers}`, reservationId: `reservation-${n}` });
      latenciesMs.push(performance.now() - startedMs);
    }
  };
  const before = { own: process.cpuUsage(), server: cpuTimeMs(server.pid), atMs: performance.now() };
  await Promise.all(Array.from({ length: concurrency }, buyer));
  const tookMs = performance.now() - before.atMs;
  const own = process.cpuUsage(before.own);
  const serverMs = cpuTimeMs(server.pid) - before.server;

  const status = await gate.status(saleId, productId);
  await gate.close();
  const taken = Math.min(total, requests);
  if (status === undefined || status.available !== total - taken || status.outboxLength !== taken) {
    throw new Error(`the gate does not add up: ${JSON.stringify(status)}`);
  }
  latenciesMs.sort((left, right) => left - right);
  return {
    perSecond: (requests / tookMs) * 1_000,
    clientMicros: (own.user + own.system) / requests,
    serverMicros: (serverMs * 1_000) / requests,
    p50Ms: latenciesMs[Math.floor(requests * 0.5)]!,
    p99Ms: latenciesMs[Math.floor(requests * 0.99)]!,
  };
}

const middle = (runs: readonly Figures[], key: keyof Figures): number => median(runs.map((figures) => figures[key]));

const rows: string[][] = [
  ["appendfsync", "workload", "manner", "per second", "client us", "server us", "p50 ms", "p99 ms"],
];
for (const policy of fsyncPolicies) {
  const args = policy === "no" ? [] : ["--appendonly", "yes", "--appendfsync", policy];
  const server = await startRedisServer({ args });
  try {
    for (const workload of Object.keys(workloads) as Workload[]) {
      const runs: Record<Manner, Figures[]> = { batched: [], "one by one": [] };
      for (let round = 0; round < Number(options.rounds); round++) {
        for (const manner of Object.keys(manners) as Manner[]) runs[manner].push(await run(server, workload, manner));
      }
      for (const manner of Object.keys(manners) as Manner[]) {
        const figure = (key: keyof Figures, digits: number): string => middle(runs[manner], key).toFixed(digits);
        const times = [figure("clientMicros", 1), figure("serverMicros", 1), figure("p50Ms", 2), figure("p99Ms", 2)];
        rows.push([policy === "no" ? "no AOF" : policy, workload, manner, figure("perSecond", 0), ...times]);
      }
    }
  } finally {
    await server.stop();
  }
}
console.log(`${requests} reservations of ${buyers} buyers, ${concurrency} at a time\n\n${textTable(rows)}`);
process.exit(0);
