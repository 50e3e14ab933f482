/**
 * How long it takes to arm, to compare and to rebuild gates, with MariaDB as the ledger.
 *
 *   npm run bench:recovery -- [--products 5000] [--orders 100000] [--no-save]
 *
 * The peer of the rebuild is a bare pipeline of HSET that writes the same buyers into the same server.
 */
import { parseArgs } from "node:util";
import { Redis } from "ioredis";
import type { SaleProduct } from "../../seckill_mysense/src/domain/sale.ts";
import { createGate } from "../../seckill_mysense/src/gate/redis-gate.ts";
import type { Gate } from "../../seckill_mysense/src/gate/gate.ts";
import type { Ledger } from "../../seckill_mysense/src/ledger/ledger.ts";
import { mysqlLedger } from "../../seckill_mysense/src/ledger/mysql-ledger.ts";
import { silentLogger } from "../../seckill_mysense/src/logging/logger.ts";
import { GateKeeper } from "../../seckill_mysense/src/recovery/gate-keeper.ts";
import { judgeGate } from "../../seckill_mysense/src/recovery/judge-gate.ts";
import type { RecoveryParts } from "../../seckill_mysense/src/recovery/recovery-parts.ts";
import { repairGate } from "../../seckill_mysense/src/recovery/repair-gate.ts";
import { systemClock } from "../../seckill_mysense/src/time/clock.ts";
import { gateServerKinds } from "../../seckill_mysense/test/contract/gate/gate-servers.ts";
import { freshMysqlDatabase, waitUntil } from "../../tools/test-services/index.ts";
import { keepResults, measuredOn, median, textTable } from "../measure.ts";

const { values: options } = parseArgs({
  options: {
    products: { type: "string", default: "5000" },
    orders: { type: "string", default: "100000" },
    rounds: { type: "string", default: "3" },
    save: { type: "boolean", default: true },
  },
  allowNegative: true,
});
const [products, orders, rounds] = [options.products, options.orders, options.rounds].map(Number) as [
  number,
  number,
  number,
];

const sale = { id: "bench", title: "Bench", startsAtMs: Date.now() - 1_000, endsAtMs: Date.now() + 86_400_000 };
const productOf = (id: string, total: number): SaleProduct => {
  return { id, saleId: sale.id, name: id, priceMinor: 1, currency: "EUR", total, limitPerUser: 1, epoch: 1 };
};
const bestseller = productOf("bestseller", orders);

interface Row {
  readonly server: string;
  readonly armMs: number;
  readonly compareMs: number;
  readonly repairMs: number;
  readonly bareMs: number;
}

const machine = measuredOn();
const rows: Row[] = [];
for (const kind of gateServerKinds) rows.push(await measure(kind));
console.log(
  textTable([
    [
      "gate",
      `arm ${products} products ms`,
      "compare them after a restart ms",
      `rebuild ${orders} orders ms`,
      "bare HSET ms",
    ],
    ...rows.map(({ server, ...figures }) => [server, ...Object.values(figures).map((ms) => ms.toFixed(0))]),
  ]),
);
if (options.save) console.log(`kept in ${keepResults("recovery", machine, { options, rows })}`);

async function measure(kind: (typeof gateServerKinds)[number]): Promise<Row> {
  const database = await freshMysqlDatabase();
  const ledger = mysqlLedger(database);
  await ledger.migrate();
  const server = await kind.start({ durable: true });
  const gate = createGate({ connection: { host: server.host, port: server.port }, timeoutMs: 10_000 });
  const parts: RecoveryParts = {
    ...{ gate, gates: ledger.gates, repairer: "bench", logger: silentLogger, clock: systemClock },
    queue: { depth: async () => ({ ready: 0, unacknowledged: 0 }), unsettled: async () => 0 },
  };
  const many = Array.from({ length: products }, (_, i) => productOf(`product-${i}`, 10));
  await ledger.sales.create(sale, many);
  const armMs = await untilDone(parts, (keeper) => keeper.counts.armed === products);
  await server.crash();
  await server.restart();
  const compareMs = await untilDone(parts, (keeper) => keeper.counts.adopted === products);
  const { repairMs, bareMs } = await measureRepair(parts, ledger, gate, server.port);
  await gate.close();
  await server.stop();
  await ledger.close();
  await database.drop();
  return { server: kind.name, armMs, compareMs, repairMs, bareMs };
}

async function untilDone(parts: RecoveryParts, isDone: (keeper: GateKeeper) => boolean): Promise<number> {
  const keeper = new GateKeeper(parts);
  const startedMs = performance.now();
  keeper.start();
  await waitUntil(() => isDone(keeper), { what: "the keeper", timeoutMs: 120_000, intervalMs: 5 });
  const tookMs = performance.now() - startedMs;
  await keeper.stop();
  return tookMs;
}

async function measureRepair(
  parts: RecoveryParts,
  ledger: Ledger,
  gate: Gate,
  port: number,
): Promise<{ repairMs: number; bareMs: number }> {
  const other = { ...sale, id: "bench-2" };
  await ledger.sales.create(other, [{ ...bestseller, saleId: other.id }]);
  for (let start = 0; start < orders; start += 1_000)
    await ledger.orders.record(batchFrom(start), { payWithinMs: 1e9 });
  const redis = new Redis(port);
  const repairs: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await redis.flushall();
    repairs.push(await timed(() => repairOnce(parts, gate)));
    bare.push(await timed(() => fillBare(redis)));
  }
  redis.disconnect();
  return { repairMs: median(repairs), bareMs: median(bare) };
}

async function repairOnce(parts: RecoveryParts, gate: Gate): Promise<void> {
  const [record] = await parts.gates.read([bestseller.id]);
  const status = await gate.status(record!.sale.id, bestseller.id);
  // The first round finds a product that was never armed.
  const verdict = judgeGate(record!, status);
  const outcome = await repairGate(parts, { record: record!, status, reason: verdict.kind });
  if (outcome.kind !== "repaired" || outcome.orders !== orders) throw new Error(JSON.stringify(outcome));
}

async function fillBare(redis: Redis): Promise<void> {
  const chunks: Promise<unknown>[] = [];
  for (let start = 0; start < orders; start += 1_000) {
    chunks.push(
      redis.hset("bare", ...batchFrom(start).flatMap(({ userId, reservationId }) => [userId, reservationId])),
    );
  }
  await Promise.all(chunks);
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

function batchFrom(start: number) {
  return Array.from({ length: Math.min(1_000, orders - start) }, (_, i) => ({
    reservationId: `reservation-${String(start + i).padStart(16, "0")}`,
    userId: `user-${String(start + i).padStart(20, "0")}`,
    saleId: "bench-2",
    productId: bestseller.id,
    epoch: 1,
    acceptedAtMs: 1,
    sequence: start + i + 2,
  }));
}
