/**
 * What a gateway and a relay cost at rest with many products: CPU per second of this process, and of the gate's server.
 * Beside it the reading of all sales and products once a second, which is what following the ledger without a revision
 * takes.
 *
 *   bun bench/refreshing.ts [--products 5000] [--seconds 10] [--rounds 3]
 */
import { join } from "node:path";
import { HealthBoard } from "../seckill_mysense/src/health/health-board.ts";
import { parseArgs } from "node:util";
import { createGate } from "../seckill_mysense/src/gate/redis-gate.ts";
import { startGateway } from "../seckill_mysense/src/gateway/gateway.ts";
import { sqliteLedger } from "../seckill_mysense/src/ledger/sqlite-ledger.ts";
import { silentLogger } from "../seckill_mysense/src/logging/logger.ts";
import { relayedProducts } from "../seckill_mysense/src/relay/relayed-products.ts";
import { GateKeeper } from "../seckill_mysense/src/recovery/gate-keeper.ts";
import { checkSettings } from "../seckill_mysense/src/settings/load-settings.ts";
import { systemClock } from "../seckill_mysense/src/time/clock.ts";
import { startRedisServer, temporaryFolder, waitUntil } from "../tools/test-services/index.ts";
import { cpuTimeMs, median } from "./measure.ts";

const { values: options } = parseArgs({
  options: {
    products: { type: "string", default: "5000" },
    seconds: { type: "string", default: "10" },
    rounds: { type: "string", default: "3" },
  },
});
const seconds = Number(options.seconds);

const redis = await startRedisServer({});
const ledger = sqliteLedger({ file: join(temporaryFolder("bench-refreshing"), "ledger.sqlite") });
await ledger.migrate();
const sale = { id: "large", title: "Large", startsAtMs: Date.now() - 1_000, endsAtMs: Date.now() + 86_400_000 };
const products = Array.from({ length: Number(options.products) }, (_, index) => ({
  ...{ id: `product-${index}`, saleId: sale.id, name: "Thing", priceMinor: 100, currency: "EUR" },
  ...{ total: 10, limitPerUser: 1, epoch: 1 },
}));
await ledger.changes.create(sale, products, { actor: "bench", state: "published" });
const gate = createGate({ connection: { host: redis.host, port: redis.port }, timeoutMs: 5_000 });

/** CPU milliseconds per second of this process while something runs. */
async function cpuPerSecond(): Promise<number> {
  const beforeMs = cpuTimeMs(process.pid);
  await Bun.sleep(seconds * 1_000);
  return (cpuTimeMs(process.pid) - beforeMs) / seconds;
}

async function gatewayAtRest(): Promise<number> {
  const parts = { gate, gates: ledger.gates, queue: undefined, logger: silentLogger, clock: systemClock };
  const keeper = new GateKeeper({ ...parts, repairer: "bench" });
  keeper.start();
  const settings = checkSettings({ backend: { host: "127.0.0.1", api_port: 0 } }, "/");
  const secrets = ["bench-refreshing-0123456789-abcdefghijklmnop"];
  const gateway = await startGateway({
    ...{ gate, ledger, settings, secrets, logger: silentLogger, gateWatch: keeper },
    health: new HealthBoard({ logger: silentLogger, now: systemClock.now }),
    ...systemClock,
  });
  const isArmed = (): boolean => products.every(({ id }) => gateway.catalogue.find(id)?.isDue === false);
  await waitUntil(() => Promise.resolve(isArmed()), { what: "all products to be armed", timeoutMs: 60_000 });
  const cost = await cpuPerSecond();
  await gateway.stop(1_000);
  await keeper.stop();
  return cost;
}

/** Both cost the reading of the ledger alone, once a second. */
async function everySecond(work: () => Promise<unknown>): Promise<number> {
  await work();
  const timer = setInterval(() => void work(), 1_000);
  const cost = await cpuPerSecond();
  clearInterval(timer);
  return cost;
}

const listed = relayedProducts(ledger.changes, Date.now);
const readAll = async (): Promise<void> => {
  for (const { id } of await ledger.sales.list()) await ledger.sales.read(id);
};
const rows: Record<string, number[]> = {};
for (let round = 0; round < Number(options.rounds); round++) {
  (rows["reading all sales and products"] ??= []).push(await everySecond(readAll));
  (rows["reading what has changed (a relay)"] ??= []).push(await everySecond(listed));
  (rows["a gateway: ledger and gate"] ??= []).push(await gatewayAtRest());
}
console.log(
  `${products.length} products, CPU milliseconds per second, median of ${options.rounds} runs of ${seconds} s:`,
);
for (const [what, costs] of Object.entries(rows)) console.log(`  ${what.padEnd(36)} ${median(costs).toFixed(1)}`);
await gate.close();
await ledger.close();
await redis.stop();
