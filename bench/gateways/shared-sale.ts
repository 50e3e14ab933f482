import { silentLogger } from "../../seckill_mysense/index.ts";
import { openGate } from "../../seckill_mysense/src/roles/system-parts.ts";
import { loadSettings } from "../../seckill_mysense/src/settings/load-settings.ts";
import { startGateways } from "../../seckill_mysense/test/gateways/gateway-processes.ts";
import { waitUntil } from "../../tools/test-services/index.ts";
import { cpuTimeMs } from "../measure.ts";
import type { LoadResult } from "../seckill/http-load.ts";
import { loadFromOtherCores } from "../seckill/placement.ts";
import { demoProductId } from "../seckill/sale.ts";
import { demoBuyers, requestsOf } from "./buyers.ts";
import { gatewayCores, otherCores, pidOf, pin, portOf } from "./cores.ts";

/** One sale through so many gateways, each on a core of its own. */
export interface SharedSaleFigures {
  readonly gateways: number;
  readonly acceptedPerSecond: number;
  /** Of all gateways together, for each accepted request. */
  readonly acceptedCpuMicroseconds: number;
  readonly soldOutPerSecond: number;
  readonly soldOutLatencyMs: LoadResult["latencyMs"];
  readonly verified: string;
}

const connections = 64;
const mainFile = `${import.meta.dirname}/../../seckill_mysense/main.ts`;

/**
 * Sells `orders` units to as many buyers, half of whom ask a gateway that does not own them where there are two; then
 * turns away as many others, again and again. Everything but the gateways shares the other cores.
 */
export async function measureSharedSale(gateways: 1 | 2, orders: number, refusals: number): Promise<SharedSaleFigures> {
  await using ring = await startGateways({ count: gateways + 1, units: orders, isFirstApart: true });
  const sellers = ring.gateways.slice(1);
  for (const [index, seller] of sellers.entries()) pin(pidOf(seller), gatewayCores[index]!);
  pin(pidOf(ring.gateways[0]!), otherCores);
  const requests = requestsOf(demoBuyers(orders + 4_000));
  const ports = sellers.map(portOf);
  const cpuMs = (): number => sellers.reduce((sum, seller) => sum + cpuTimeMs(pidOf(seller)), 0);
  // Just-in-time compilation happens during requests that are not counted.
  const rehearsal = Math.floor(orders / 4);
  await loadAll(ports, requests.slice(0, rehearsal), rehearsal);
  const cpuBefore = cpuMs();
  const buying = orders - rehearsal;
  const accepted = await loadAll(ports, requests.slice(rehearsal, orders), buying);
  const acceptedCpuMicroseconds = ((cpuMs() - cpuBefore) * 1000) / buying;
  if (accepted.statuses[202] !== buying) throw new Error(`not all accepted: ${JSON.stringify(accepted.statuses)}`);

  const late = requests.slice(orders);
  // Once for the gate's refusal, which is then remembered, and to compile what is compiled just in time.
  await loadAll(ports, late, refusals / 4);
  const refused = await loadAll(ports, late, refusals);
  if (refused.statuses[410] !== refusals) throw new Error(`not all refused: ${JSON.stringify(refused.statuses)}`);
  await untilDelivered(ring.configFile, ring.redis.url);
  return {
    gateways,
    acceptedPerSecond: accepted.perSecond,
    acceptedCpuMicroseconds,
    soldOutPerSecond: refused.perSecond,
    soldOutLatencyMs: refused.latencyMs,
    verified: await verify(ring.configFile),
  };
}

/** The same number of requests to each, at the same time; each gateway has buyers of its own. */
async function loadAll(
  ports: readonly number[],
  requests: readonly Uint8Array[],
  count: number,
): Promise<Pick<LoadResult, "perSecond" | "statuses" | "latencyMs">> {
  const results = await Promise.all(
    ports.map((port, index) => {
      const own = requests.filter((_, at) => at % ports.length === index);
      const load = {
        port,
        connections: connections / ports.length,
        requests: own,
        count: Math.floor(count / ports.length),
      };
      return loadFromOtherCores(load, otherCores);
    }),
  );
  const statuses: Record<number, number> = {};
  for (const result of results) {
    for (const [status, times] of Object.entries(result.statuses)) {
      statuses[Number(status)] = (statuses[Number(status)] ?? 0) + times;
    }
  }
  const slowest = Math.max(...results.map(({ elapsedMs }) => elapsedMs));
  const worst = results.toSorted((one, other) => other.latencyMs.p99 - one.latencyMs.p99)[0]!;
  return { perSecond: (count / slowest) * 1000, statuses, latencyMs: worst.latencyMs };
}

async function untilDelivered(configFile: string, url: string): Promise<void> {
  const gate = openGate(loadSettings(configFile, {}), { url }, silentLogger);
  await waitUntil(async () => (await gate.status("demo", demoProductId))?.outboxLength === 0, {
    what: "the orders to be on their way",
    timeoutMs: 60_000,
    intervalMs: 100,
  });
  await gate.close();
}

async function verify(configFile: string): Promise<string> {
  const child = Bun.spawn([process.execPath, mainFile, "verify", "--config", configFile], { stdout: "pipe" });
  const text = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`the sale does not verify:\n${text}`);
  return text.trim().split("\n")[0] ?? "";
}
