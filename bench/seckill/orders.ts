import { freshMysqlDatabase, freshRabbitmqVhost } from "../../tools/test-services/index.ts";
import { systemClock } from "../../seckill_mysense/index.ts";
import { openLedger } from "../../seckill_mysense/src/roles/system-parts.ts";
import { loadSettings } from "../../seckill_mysense/src/settings/load-settings.ts";
import { gatherBuyers } from "../../seckill_mysense/test/simulation/crowd.ts";
import { cpuTimeMs } from "../measure.ts";
import { checkRequest, load, type LoadResult } from "./http-load.ts";
import { demoProductId, type RunningSale, startSale, tokenSecret } from "./sale.ts";

export interface OrderFigures {
  readonly orders: number;
  /** Answers 202 per second, and orders committed per second from the first request to the last commit. */
  readonly acceptedPerSecond: number;
  readonly committedPerSecond: number;
  /** Of the answers 202, all asked for at once. */
  readonly rushLatencyMs: LoadResult["latencyMs"];
  /** Of the answers 202 at 70% of the committed rate, from an open loop. */
  readonly pacedLatencyMs: LoadResult["latencyMs"];
  readonly cpuMicrosecondsPerOrder: number;
  /** The verdict of `verify` after the run. */
  readonly verified: string;
}

const connections = 256;
const commitTimeoutMs = 120_000;

/** Sells `orders` units to as many buyers, through the embedded MyRedis (`always`), RabbitMQ and MariaDB. */
export async function measureOrders(orders: number): Promise<OrderFigures> {
  const database = await freshMysqlDatabase();
  const vhost = await freshRabbitmqVhost();
  const { host, port, user: user_name, password: pass_word, database: db_name } = database;
  const parts = { mysql: { host, port, user_name, pass_word, db_name }, rabbitmq: { url: vhost.url } };
  // Twice the units: first the rush, then the same number again, paced.
  const sale = await startSale({ units: orders * 2, parts });
  try {
    const requests = gatherBuyers({ secret: tokenSecret, productId: demoProductId, ...sale.window }, orders * 2).map(
      ({ token }) => checkRequest(demoProductId, token),
    );
    const cpuBefore = cpuTimeMs(sale.pid);
    const rush = await sell(sale, requests.slice(0, orders), orders);
    const cpuMicrosecondsPerOrder = ((cpuTimeMs(sale.pid) - cpuBefore) * 1000) / orders;
    const paced = await sell(sale, requests.slice(orders), orders * 2, rush.committedPerSecond * 0.7);
    return {
      orders,
      acceptedPerSecond: rush.load.perSecond,
      committedPerSecond: rush.committedPerSecond,
      rushLatencyMs: rush.load.latencyMs,
      pacedLatencyMs: paced.load.latencyMs,
      cpuMicrosecondsPerOrder,
      verified: await verify(sale),
    };
  } finally {
    await sale.stop();
    await database.drop();
    await vhost.drop();
  }
}

/** Lets all of them buy at once, or at a rate, and waits until the ledger has `reservedAtEnd` orders. */
async function sell(
  sale: RunningSale,
  requests: readonly Uint8Array[],
  reservedAtEnd: number,
  ratePerSecond?: number,
): Promise<{ load: LoadResult; committedPerSecond: number }> {
  const ledger = openLedger(loadSettings(sale.configFile, {}), systemClock.now);
  const startedMs = performance.now();
  const pace = ratePerSecond === undefined ? {} : { ratePerSecond };
  const result = await load({ port: sale.port, connections, requests, count: requests.length, ...pace });
  if (result.statuses[202] !== requests.length) throw new Error(`not all accepted: ${JSON.stringify(result.statuses)}`);
  while ((await ledger.sales.readTotals(demoProductId))?.reserved !== reservedAtEnd) {
    if (performance.now() - startedMs > commitTimeoutMs) throw new Error("the orders were not committed in time");
    await Bun.sleep(10);
  }
  const elapsedMs = performance.now() - startedMs;
  await ledger.close();
  return { load: result, committedPerSecond: (requests.length / elapsedMs) * 1000 };
}

async function verify({ configFile }: RunningSale): Promise<string> {
  const mainFile = `${import.meta.dirname}/../../seckill_mysense/main.ts`;
  const child = Bun.spawn([process.execPath, mainFile, "verify", "--config", configFile], { stdout: "pipe" });
  const text = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`the sale does not verify:\n${text}`);
  return text.trim().split("\n")[0] ?? "";
}
