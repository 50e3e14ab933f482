/**
 * MyRedis beside redis-server, each alone on the same core while it is measured, in alternating runs.
 *
 *   npm run bench:redis -- [--rounds 5] [--requests 200000] [--no-save]
 *
 * Prints ratios of medians and keeps them in bench/results/.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { measuredOn, median, textTable } from "../measure.ts";
import { type Figures, runWorkload, type Workload, workloads } from "./load.ts";
import { memoryGrowth } from "./memory.ts";
import { type Peer, startPeer } from "./peers.ts";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    requests: { type: "string", default: "100000" },
    save: { type: "boolean", default: true },
  },
  allowNegative: true,
});
const rounds = Number(options.rounds);
const requests = Number(options.requests);
/** Pipelined requests are cheaper: more of them, so that a run takes about as long. */
const pipelinedFactor = 8;

interface Row {
  readonly workload: string;
  readonly pipeline: number;
  readonly appendonly: boolean;
  readonly redis: Figures;
  readonly mine: Figures;
  readonly throughputRatio: number;
  readonly cpuRatio: number;
}

const medianFigures = (runs: readonly Figures[]): Figures => ({
  requestsPerSecond: median(runs.map((run) => run.requestsPerSecond)),
  cpuMicrosecondsPerRequest: median(runs.map((run) => run.cpuMicrosecondsPerRequest)),
});

async function compare(
  peers: { redis: Peer; mine: Peer },
  workload: Workload,
  pipeline: number,
): Promise<[Figures, Figures]> {
  const count = pipeline === 1 ? requests : requests * pipelinedFactor;
  const redis: Figures[] = [];
  const mine: Figures[] = [];
  // One round before the measured ones: what is compiled just in time must have been.
  for (let round = 0; round <= rounds; round++) {
    const first = await runWorkload(peers.redis, workload, count, pipeline);
    const second = await runWorkload(peers.mine, workload, count, pipeline);
    if (round === 0) continue;
    redis.push(first);
    mine.push(second);
  }
  return [medianFigures(redis), medianFigures(mine)];
}

async function throughputRows(appendonly: boolean): Promise<Row[]> {
  const peers = { redis: await startPeer("redis-server", appendonly), mine: await startPeer("MyRedis", appendonly) };
  const rows: Row[] = [];
  try {
    for (const pipeline of [1, 16]) {
      for (const workload of workloads) {
        const [redis, mine] = await compare(peers, workload, pipeline);
        const row: Row = {
          workload: workload.name,
          pipeline,
          appendonly,
          redis,
          mine,
          throughputRatio: mine.requestsPerSecond / redis.requestsPerSecond,
          cpuRatio: redis.cpuMicrosecondsPerRequest / mine.cpuMicrosecondsPerRequest,
        };
        rows.push(row);
        console.log(
          `${row.workload} pipeline ${pipeline}${appendonly ? " AOF" : ""}: ${row.throughputRatio.toFixed(2)} times the throughput`,
        );
      }
    }
  } finally {
    await peers.redis.stop();
    await peers.mine.stop();
  }
  return rows;
}

async function memoryRow(): Promise<{ redis: number; mine: number; ratio: number }> {
  const redis: number[] = [];
  const mine: number[] = [];
  for (let round = 0; round < Math.min(rounds, 3); round++) {
    redis.push(await memoryGrowth("redis-server"));
    mine.push(await memoryGrowth("MyRedis"));
  }
  const medians = { redis: median(redis), mine: median(mine) };
  return { ...medians, ratio: medians.mine / medians.redis };
}

const rows = [...(await throughputRows(false)), ...(await throughputRows(true))];
const memory = await memoryRow();
const machine = measuredOn();

const thousands = (value: number): string => Math.round(value).toLocaleString("en");
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
console.log(
  `\n${textTable([
    [
      "workload",
      "pipeline",
      "AOF",
      "redis-server/s",
      "MyRedis/s",
      "throughput",
      "redis us/req",
      "MyRedis us/req",
      "CPU",
    ],
    ...rows.map((row) => [
      row.workload,
      `${row.pipeline}`,
      row.appendonly ? "everysec" : "no",
      thousands(row.redis.requestsPerSecond),
      thousands(row.mine.requestsPerSecond),
      row.throughputRatio.toFixed(2),
      row.redis.cpuMicrosecondsPerRequest.toFixed(2),
      row.mine.cpuMicrosecondsPerRequest.toFixed(2),
      row.cpuRatio.toFixed(2),
    ]),
  ])}`,
);
console.log(
  "\nthroughput: MyRedis over redis-server; CPU: redis-server's time per request over MyRedis's. Above 1 is better.",
);
console.log(
  `memory for 1,000,000 keys of 16 bytes with values of 32: redis-server ${megabytes(memory.redis)}, MyRedis ${megabytes(memory.mine)}, ratio ${memory.ratio.toFixed(2)} (below 1 is better)`,
);
if (options.save) {
  const file = `bench/results/redis-${machine.takenAt.slice(0, 10)}-${machine.commit}.json`;
  writeFileSync(
    `${import.meta.dirname}/../../${file}`,
    `${JSON.stringify({ machine, rounds, requests, rows, memory }, null, 2)}\n`,
  );
  console.log(`kept in ${file}`);
}
