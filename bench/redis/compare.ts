import { median } from "../measure.ts";
import { type Figures, prepare, runWorkload } from "./load.ts";
import { type Peer, startPeer } from "./peers.ts";
import type { Workload } from "./workloads.ts";

/** Requests of the short run that tells how many a run of the wanted length takes. */
const probeRequests = 1000;
const requestsStep = 100;
/** The last stage of the runtime's compiler comes after some 66,000 requests: see my_redis/src/runtime-options.ts. */
const minWarmUps = 4;
const maxWarmUps = 6;
const warmedUpShare = 0.95;

/** One workload at one pipeline on both servers. `redis`: redis-server, or the MyRedis that stands in its place. */
export interface Row {
  readonly workload: string;
  readonly pipeline: number;
  readonly appendonly: boolean;
  /** Requests in each run. */
  readonly requests: number;
  readonly redis: Figures;
  readonly mine: Figures;
  /** MyRedis's throughput divided by redis-server's. */
  readonly throughputRatio: number;
  /** redis-server's CPU time per request divided by MyRedis's. */
  readonly cpuRatio: number;
}

export interface Plan {
  readonly workloads: readonly Workload[];
  readonly pipelines: readonly number[];
  readonly appendonly: boolean;
  readonly rounds: number;
  /** CPU time that a run should take of redis-server. */
  readonly runMs: number;
  /** Another checkout of this repository: its MyRedis is measured in the place of redis-server. */
  readonly beside?: string | undefined;
}

interface Peers {
  readonly redis: Peer;
  readonly mine: Peer;
}

/** Measures all of a plan, and tells each row as it comes. */
export async function measureRows(plan: Plan, tell: (row: Row) => void): Promise<Row[]> {
  const { appendonly, beside } = plan;
  const redis = await (beside === undefined
    ? startPeer("redis-server", appendonly)
    : startPeer("MyRedis", appendonly, beside));
  const rows: Row[] = [];
  try {
    const mine = await startPeer("MyRedis", appendonly);
    try {
      for (const pipeline of plan.pipelines) {
        for (const workload of plan.workloads) {
          const row = await compare({ redis, mine }, workload, pipeline, plan);
          rows.push(row);
          tell(row);
        }
      }
    } finally {
      await mine.stop();
    }
  } finally {
    await redis.stop();
  }
  return rows;
}

async function compare({ redis, mine }: Peers, workload: Workload, pipeline: number, plan: Plan): Promise<Row> {
  const requests = await requestsFor(redis, workload, pipeline, plan.runMs);
  const runs: Record<"redis" | "mine", Figures[]> = { redis: [], mine: [] };
  for (const peer of [redis, mine]) await warmUp(peer, workload, pipeline, requests);
  for (let round = 0; round < plan.rounds; round++) {
    for (const name of ["redis", "mine"] as const) {
      const peer = name === "redis" ? redis : mine;
      if (workload.perRun === true) await prepare(peer, workload, requests);
      runs[name].push(await runWorkload(peer, workload, requests, pipeline));
    }
  }
  const figures = { redis: medianFigures(runs.redis), mine: medianFigures(runs.mine) };
  return {
    workload: workload.name,
    pipeline,
    appendonly: plan.appendonly,
    requests,
    ...figures,
    throughputRatio: figures.mine.requestsPerSecond / figures.redis.requestsPerSecond,
    cpuRatio: figures.redis.cpuMicrosecondsPerRequest / figures.mine.cpuMicrosecondsPerRequest,
  };
}

/** Runs until a run is hardly faster than the one before: what is compiled just in time must have been. */
async function warmUp(peer: Peer, workload: Workload, pipeline: number, requests: number): Promise<void> {
  let before = Number.POSITIVE_INFINITY;
  for (let run = 0; run < maxWarmUps; run++) {
    if (run === 0 || workload.perRun === true) await prepare(peer, workload, requests);
    const { cpuMicrosecondsPerRequest: now } = await runWorkload(peer, workload, requests, pipeline);
    if (run + 1 >= minWarmUps && now > before * warmedUpShare) return;
    before = now;
  }
}

async function requestsFor(redis: Peer, workload: Workload, pipeline: number, runMs: number): Promise<number> {
  await prepare(redis, workload, probeRequests);
  const { cpuMicrosecondsPerRequest } = await runWorkload(redis, workload, probeRequests, pipeline);
  return Math.ceil((runMs * 1000) / cpuMicrosecondsPerRequest / requestsStep) * requestsStep;
}

const medianFigures = (runs: readonly Figures[]): Figures => ({
  requestsPerSecond: median(runs.map((run) => run.requestsPerSecond)),
  cpuMicrosecondsPerRequest: median(runs.map((run) => run.cpuMicrosecondsPerRequest)),
});
