import { startProcess } from "../../tools/test-services/index.ts";
import { gatherBuyers } from "../../seckill_mysense/test/simulation/crowd.ts";
import { cpuTimeMs, median } from "../measure.ts";
import { checkRequest, type LoadOptions, type LoadResult } from "./http-load.ts";
import { loadFromOtherCores, serverCore } from "./placement.ts";
import { demoProductId, startSale, tokenSecret } from "./sale.ts";

/** Figures of one kind of answer, with the share of bare Bun.serve's throughput in the same run. */
export interface RejectionFigures {
  readonly name: string;
  readonly status: number;
  readonly perSecond: number;
  readonly cpuMicroseconds: number;
  readonly share: number;
  /** At 70% of the throughput, from an open loop. */
  readonly latencyMs: LoadResult["latencyMs"];
}

const connections = 64;
/** Enough different buyers that nothing is answered from a cache of one. */
const buyerCount = 2_000;

export interface Target {
  readonly name: string;
  readonly status: number;
  readonly port: number;
  readonly pid: number;
  readonly requests: readonly Uint8Array[];
}

/** Bare Bun.serve, sold-out refusals of valid tokens, and refusals of forged tokens: alternating, on one core. */
export async function measureRejections(rounds: number, count: number): Promise<RejectionFigures[]> {
  const bare = await startProcess({
    cmd: ["taskset", "-c", serverCore, process.execPath, `${import.meta.dirname}/bare-server.ts`],
    readyWhen: /ready on (\d+)/,
  });
  const sale = await startSale({ units: 1, core: serverCore });
  try {
    const allBuyers = gatherBuyers({ secret: tokenSecret, productId: demoProductId, ...sale.window }, buyerCount + 1);
    const buyers = allBuyers.slice(1);
    // The one unit goes to a buyer that is not measured, because its holder gets another answer.
    const headers = { authorization: `Bearer ${allBuyers[0]?.token}` };
    const bought = await fetch(`http://127.0.0.1:${sale.port}/check?productID=${demoProductId}`, { headers });
    if (bought.status !== 202) throw new Error(`the one unit was not sold: ${bought.status}`);
    const valid = buyers.map(({ token }) => checkRequest(demoProductId, token));
    const forged = buyers.map(({ token }) => checkRequest(demoProductId, `${token.slice(0, -6)}AAAAAA`));
    const bareTarget = {
      name: "bare Bun.serve",
      status: 410,
      port: Number(bare.readyMatch?.[1]),
      pid: bare.pid,
      requests: valid,
    };
    const own = { port: sale.port, pid: sale.pid };
    const targets: Target[] = [
      bareTarget,
      { name: "sold out, valid token", status: 410, ...own, requests: valid },
      { name: "forged token", status: 401, ...own, requests: forged },
    ];
    return await alternate(targets, rounds, count);
  } finally {
    await sale.stop();
    await bare.stop();
  }
}

export async function alternate(
  targets: readonly Target[],
  rounds: number,
  count: number,
): Promise<RejectionFigures[]> {
  const runs = new Map(targets.map((target) => [target, [] as { perSecond: number; cpu: number }[]]));
  // The first round compiles what is compiled just in time.
  for (let round = 0; round <= rounds; round++) {
    for (const target of targets) {
      const cpuBefore = cpuTimeMs(target.pid);
      const { perSecond, statuses } = await loadFromOtherCores(optionsFor(target, count));
      const cpu = ((cpuTimeMs(target.pid) - cpuBefore) * 1000) / count;
      if (round === 0) continue;
      if ((statuses[target.status] ?? 0) !== count) throw new Error(`${target.name}: ${JSON.stringify(statuses)}`);
      runs.get(target)?.push({ perSecond, cpu });
    }
  }
  const figures: RejectionFigures[] = [];
  for (const target of targets) {
    const own = runs.get(target) ?? [];
    const perSecond = median(own.map((run) => run.perSecond));
    const paced = await loadFromOtherCores({ ...optionsFor(target, count), ratePerSecond: perSecond * 0.7 });
    figures.push({
      name: target.name,
      status: target.status,
      perSecond,
      cpuMicroseconds: median(own.map((run) => run.cpu)),
      share: perSecond / (figures[0]?.perSecond ?? perSecond),
      latencyMs: paced.latencyMs,
    });
  }
  return figures;
}

const optionsFor = ({ port, requests }: Target, count: number): LoadOptions => ({ port, connections, requests, count });
