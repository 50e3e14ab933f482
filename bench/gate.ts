/**
 * The gate's reservations per second: gathered into batches, beside one script call for each, on redis-server and
 * MyRedis.
 *
 *   bun bench/gate.ts [--requests 100000] [--buyers 20000] [--concurrency 512] [--rounds 3]
 *
 * "crowd": 1,000 units, so almost all requests are repetitions and refusals. "all accepted": enough for all buyers. Gate and load share
 * one process and its core; the server has another. CPU is that of the whole process, load included.
 */
import { parseArgs } from "node:util";
import { createGate } from "../seckill_mysense/src/gate/redis-gate.ts";
import { freePort, startProcess, temporaryFolder, type StartedProcess } from "../tools/test-services/index.ts";
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

const programs = {
  "redis-server": ["redis-server"],
  MyRedis: [process.execPath, `${import.meta.dirname}/../my_redis/main.ts`],
} as const;

type Program = keyof typeof programs;
type Workload = keyof typeof workloads;
type Manner = keyof typeof manners;

interface Figures {
  readonly perSecond: number;
  readonly clientMicros: number;
  readonly serverMicros: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface Server {
  readonly port: number;
  readonly process: StartedProcess;
}

async function start(program: Program, policy: (typeof fsyncPolicies)[number]): Promise<Server> {
  const port = await freePort();
  const durability = policy === "no" ? ["--appendonly", "no"] : ["--appendonly", "yes", "--appendfsync", policy];
  const directives = ["--port", `${port}`, "--dir", temporaryFolder("bench-gate"), "--save", "", ...durability];
  const cmd = [...programs[program], ...directives] as [string, ...string[]];
  return { port, process: await startProcess({ cmd, readyWhen: /Ready to accept connections/ }) };
}

let saleCount = 0;

async function run(server: Server, workload: Workload, manner: Manner): Promise<Figures> {
  const gate = createGate({
    connection: { host: "127.0.0.1", port: server.port },
    timeoutMs: 10_000,
    ...manners[manner],
  });
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
  const before = { own: process.cpuUsage(), server: cpuTimeMs(server.process.pid), atMs: performance.now() };
  await Promise.all(Array.from({ length: concurrency }, buyer));
  const tookMs = performance.now() - before.atMs;
  const own = process.cpuUsage(before.own);
  const serverMs = cpuTimeMs(server.process.pid) - before.server;

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
  ["appendfsync", "server", "workload", "manner", "per second", "client us", "server us", "p50 ms", "p99 ms"],
];
for (const policy of fsyncPolicies) {
  const servers = { "redis-server": await start("redis-server", policy), MyRedis: await start("MyRedis", policy) };
  for (const workload of Object.keys(workloads) as Workload[]) {
    const runs = new Map<string, Figures[]>();
    for (let round = 0; round < Number(options.rounds); round++) {
      for (const manner of Object.keys(manners) as Manner[]) {
        for (const program of Object.keys(programs) as Program[]) {
          const name = JSON.stringify([program, workload, manner]);
          runs.set(name, [...(runs.get(name) ?? []), await run(servers[program], workload, manner)]);
        }
      }
    }
    for (const [name, figures] of runs) {
      const figure = (key: keyof Figures, digits: number): string => middle(figures, key).toFixed(digits);
      const times = [figure("clientMicros", 1), figure("serverMicros", 1), figure("p50Ms", 2), figure("p99Ms", 2)];
      const words = JSON.parse(name) as string[];
      rows.push([policy === "no" ? "no AOF" : policy, ...words, figure("perSecond", 0), ...times]);
    }
  }
  for (const server of Object.values(servers)) await server.process.stop();
}
console.log(`${requests} reservations of ${buyers} buyers, ${concurrency} at a time\n\n${textTable(rows)}`);
process.exit(0);
