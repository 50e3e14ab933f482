import { ownersAt, startGateways } from "../../seckill_mysense/test/gateways/gateway-processes.ts";
import type { LoadResult } from "../seckill/http-load.ts";
import { loadFromOtherCores } from "../seckill/placement.ts";
import { cpuTimeMs, median } from "../measure.ts";
import { demoBuyers, requestsOf } from "./buyers.ts";
import { gatewayCores, otherCores, pidOf, pin, portOf } from "./cores.ts";

/** Requests that the user's owner decides, made at the owner or at the other gateway of the ring. */
export interface HopFigures {
  readonly place: "at the owner" | "at another gateway";
  readonly perSecond: number;
  /** Of both gateways together, for each request. */
  readonly cpuMicroseconds: number;
  /** From an open loop at a rate that neither place is near its limit with. */
  readonly latencyMs: LoadResult["latencyMs"];
}

const connections = 64;
const buyerCount = 2_000;
const pacedPerSecond = 4_000;

/**
 * The price of the hop. All requests come from users who have used up their limit, so that nothing is left to do after
 * the owner's decision. The gate is not asked.
 */
export async function measureHop(rounds: number, count: number): Promise<HopFigures[]> {
  await using ring = await startGateways({
    count: 3,
    units: buyerCount * 2,
    isFirstApart: true,
    limits: { check_per_user: { rate_per_second: 0.0001, burst: 1 }, ban_after_failures: 0 },
  });
  const [, asker, owner] = ring.gateways as [never, (typeof ring.gateways)[0], (typeof ring.gateways)[0]];
  pin(pidOf(asker), gatewayCores[0]);
  pin(pidOf(owner), gatewayCores[1]);
  const all = demoBuyers(buyerCount * 2);
  const ids = all.map(({ userId }) => userId);
  const owners = await ownersAt(asker.program!.url, ids);
  const requests = requestsOf(all.filter((_, index) => owners[index] === owner.name).slice(0, buyerCount / 2));
  // The one try that each may have.
  await loadFromOtherCores({ port: portOf(owner), connections, requests, count: requests.length }, otherCores);

  const pids = [pidOf(asker), pidOf(owner)];
  const cpuMs = (): number => pids.reduce((sum, pid) => sum + cpuTimeMs(pid), 0);
  const places = [
    { place: "at the owner", port: portOf(owner) },
    { place: "at another gateway", port: portOf(asker) },
  ] as const;
  const runs = places.map(() => [] as { perSecond: number; cpu: number }[]);
  // The first round compiles what is compiled just in time.
  for (let round = 0; round <= rounds; round++) {
    for (const [index, { port, place }] of places.entries()) {
      const before = cpuMs();
      const { perSecond, statuses } = await loadFromOtherCores({ port, connections, requests, count }, otherCores);
      if (statuses[429] !== count) throw new Error(`${place}: ${JSON.stringify(statuses)}`);
      if (round > 0) runs[index]!.push({ perSecond, cpu: ((cpuMs() - before) * 1000) / count });
    }
  }
  const figures: HopFigures[] = [];
  for (const [index, { place, port }] of places.entries()) {
    const load = { port, connections, requests, count: pacedPerSecond * 3, ratePerSecond: pacedPerSecond };
    const { latencyMs } = await loadFromOtherCores(load, otherCores);
    figures.push({
      place,
      perSecond: median(runs[index]!.map(({ perSecond }) => perSecond)),
      cpuMicroseconds: median(runs[index]!.map(({ cpu }) => cpu)),
      latencyMs,
    });
  }
  return figures;
}
