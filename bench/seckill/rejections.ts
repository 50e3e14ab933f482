import { startProcess } from "../../tools/test-services/index.ts";
import { startGateways } from "../../seckill_mysense/test/gateways/gateway-processes.ts";
import { demoBuyers } from "../gateways/buyers.ts";
import { otherCores, pidOf, pin, portOf } from "../gateways/cores.ts";
import { cpuTimeMs, median } from "../measure.ts";
import type { BareAnswer } from "./bare-server.ts";
import { checkRequest, type LoadOptions, type LoadResult } from "./http-load.ts";
import { loadFromOtherCores, serverCore } from "./placement.ts";
import { demoProductId } from "./sale.ts";

/** Figures of one kind of answer. */
export interface RejectionFigures {
  readonly name: string;
  readonly status: number;
  readonly perSecond: number;
  readonly cpuMicroseconds: number;
  /** The throughput, as a share of that of bare Bun.serve with the same answer in the same run. */
  readonly share: number;
  /** CPU time for each request of bare Bun.serve, as a share of that of this one. */
  readonly cpuShare: number;
  /** At 70% of the throughput, from an open loop. */
  readonly latencyMs: LoadResult["latencyMs"];
}

const connections = 64;

export interface Target {
  readonly name: string;
  readonly status: number;
  readonly port: number;
  readonly pid: number;
  /** One for each buyer. */
  readonly requests: readonly Uint8Array[];
  /** What it is compared with, which comes before it; undefined for bare Bun.serve itself. */
  readonly bare?: string;
}

/** A valid token that was refused before, and a forged one, beside bare Bun.serve with the same answer: alternating, on one core. */
export async function measureRejections(rounds: number, count: number): Promise<RejectionFigures[]> {
  await using sale = await startMeasuredGateway(1);
  const [first, ...others] = demoBuyers(count + 1);
  // The one unit goes to a buyer that is not measured, because its holder gets another answer.
  const bought = await ask(sale.port, first!.token);
  if (bought.status !== 202) throw new Error(`the one unit was not sold: ${bought.status}`);
  const valid = others.map(({ token }) => checkRequest(demoProductId, token));
  const forged = others.map(({ token }) => checkRequest(demoProductId, forgedOf(token)));
  const soldOut = await ask(sale.port, others[0]!.token);
  const refused = await ask(sale.port, forgedOf(others[0]!.token));
  await using servers = new AsyncDisposableStack();
  const bare = async (name: string, answer: BareAnswer, requests: readonly Uint8Array[], isWithMac = false) =>
    bareTarget(servers, { name, answer, requests, isWithMac });
  const gateway = { port: sale.port, pid: sale.pid };
  // Awaited here: at the end of this function the servers end.
  return await alternate(
    [
      await bare("bare Bun.serve, 410", soldOut, valid),
      { ...(await bare("the same with an HMAC", soldOut, valid, true)), bare: "bare Bun.serve, 410" },
      { name: "sold out, valid token", status: 410, ...gateway, requests: valid, bare: "bare Bun.serve, 410" },
      await bare("bare Bun.serve, 401", refused, forged),
      { name: "forged token", status: 401, ...gateway, requests: forged, bare: "bare Bun.serve, 401" },
    ],
    rounds,
    count,
  );
}

export const forgedOf = (token: string): string => `${token.slice(0, -6)}AAAAAA`;

/** One gateway on the measured core. Gate, ledger and everything else share the others. */
export async function startMeasuredGateway(
  units: number,
): Promise<AsyncDisposable & { readonly port: number; readonly pid: number }> {
  const ring = await startGateways({ count: 2, units, isFirstApart: true });
  const [others, gateway] = ring.gateways;
  pin(pidOf(others!), otherCores);
  pin(pidOf(gateway!), serverCore);
  return {
    port: portOf(gateway!),
    pid: pidOf(gateway!),
    [Symbol.asyncDispose]: () => ring[Symbol.asyncDispose](),
  };
}

/** What /check answers to this token. */
export async function ask(port: number, token: string): Promise<BareAnswer> {
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`http://127.0.0.1:${port}/check?productID=${demoProductId}`, { headers });
  const own = [...response.headers].filter(([name]) => name !== "date" && name !== "content-length");
  return { status: response.status, headers: Object.fromEntries(own), body: await response.text() };
}

interface BareOptions {
  readonly name: string;
  readonly answer: BareAnswer;
  readonly requests: readonly Uint8Array[];
  readonly isWithMac?: boolean;
}

/** Starts bare Bun.serve on the measured core. */
export async function bareTarget(servers: AsyncDisposableStack, options: BareOptions): Promise<Target> {
  const { name, answer, requests, isWithMac = false } = options;
  const file = `${import.meta.dirname}/bare-server.ts`;
  const bare = await startProcess({
    cmd: [
      ...["taskset", "-c", serverCore, process.execPath, file, JSON.stringify(answer)],
      ...(isWithMac ? ["mac"] : []),
    ] as [string, ...string[]],
    readyWhen: /ready on (\d+)/,
  });
  servers.defer(async () => void (await bare.stop()));
  return { name, status: answer.status, port: Number(bare.readyMatch?.[1]), pid: bare.pid, requests };
}

export async function alternate(
  targets: readonly Target[],
  rounds: number,
  count: number,
): Promise<RejectionFigures[]> {
  const runs = new Map(targets.map((target) => [target, [] as { perSecond: number; cpu: number }[]]));
  // The first round compiles what is compiled just in time, and the gate refuses those who are refused again afterwards.
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
    const cpuMicroseconds = median(own.map((run) => run.cpu));
    const bare = figures.find(({ name }) => name === target.bare) ?? { perSecond, cpuMicroseconds };
    const paced = await loadFromOtherCores({ ...optionsFor(target, count), ratePerSecond: perSecond * 0.7 });
    figures.push({
      ...{ name: target.name, status: target.status, perSecond, cpuMicroseconds },
      share: perSecond / bare.perSecond,
      cpuShare: bare.cpuMicroseconds / cpuMicroseconds,
      latencyMs: paced.latencyMs,
    });
  }
  return figures;
}

const optionsFor = ({ port, requests }: Target, count: number): LoadOptions => ({ port, connections, requests, count });
