/**
 * The load of bench/overload in a process of its own: `bun bench/overload/load-process.ts <OverloadTask as JSON>`. Prints
 * its figures as JSON.
 */
import { Load } from "../open-loop/load.ts";
import { fillRequests, fillSets } from "../open-loop/request-mix.ts";
import { type Percentiles, Samples } from "../open-loop/samples.ts";
import type { SideClient, Steps } from "../open-loop/side-client.ts";

/** Without a rate the load asks as fast as it is answered, and finds the peak. */
export interface OverloadTask {
  readonly port: number;
  readonly adminPort: number;
  readonly rate: number | undefined;
}

export interface OverloadRun {
  readonly answeredPerSecond: number;
  readonly errors: number;
  /** An administrator asks once every 10 ms: from its request to the answer. */
  readonly adminMs: Percentiles;
}

const connections = 50;
const warmMs = 2000;
const measuredMs = 3000;
const betweenAsksMs = 10;
const maxAsks = 10_000;
const asks = new Samples(maxAsks);

function* administer(side: SideClient): Steps {
  const endMs = performance.now() + measuredMs;
  for (let nextMs = performance.now(); nextMs < endMs;) {
    const askedMs = performance.now();
    yield* side.ask("PING");
    asks.add(side.repliedAtMs - askedMs);
    nextMs = Math.max(nextMs + betweenAsksMs, performance.now());
    while (performance.now() < nextMs) yield;
  }
}

function run({ port, adminPort, rate }: OverloadTask): OverloadRun {
  const load = new Load({ port, sidePort: adminPort, connections, seed: 1, kind: "heavy" });
  load.alone((side) => side.askAll(fillRequests()));
  load.alone((side) => side.askAll(fillSets()));
  if (rate === undefined) {
    load.saturate(warmMs, 1);
    return { answeredPerSecond: load.saturate(measuredMs, 1), errors: 0, adminMs: asks.percentiles() };
  }
  const figures = load.run({ rate, warmMs, leastMs: measuredMs, mostMs: 2 * measuredMs, steps: administer });
  return {
    answeredPerSecond: figures.answeredPerSecond,
    errors: figures.errors,
    adminMs: asks.percentiles(),
  };
}

console.log(JSON.stringify(run(JSON.parse(process.argv[2] ?? "") as OverloadTask)));
process.exit();
