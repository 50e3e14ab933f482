import { cpuTimeMs } from "../measure.ts";
import { loadCores, type Peer } from "./peers.ts";
import { RawClient } from "./raw-client.ts";
import { keyspace, type Workload } from "./workloads.ts";

export interface Figures {
  readonly requestsPerSecond: number;
  readonly cpuMicrosecondsPerRequest: number;
}

const clients = 50;
const runTimeoutMs = 60_000;
/** After it was filled, the server may have work left that is not the run's. */
const restMs = 30;

/** Empties the server and fills it for a workload. */
export async function prepare(peer: Peer, workload: Workload, requests: number): Promise<void> {
  const client = await RawClient.connect(peer.port);
  await client.send([["FLUSHALL"]]);
  if (workload.fill !== undefined) await client.send(workload.fill(requests));
  client.close();
  await Bun.sleep(restMs);
}

/**
 * Runs redis-benchmark against the server from two processes, so that the load generator is not the bottleneck, and
 * takes the server's CPU time meanwhile.
 */
export async function runWorkload(
  peer: Peer,
  workload: Workload,
  requests: number,
  pipeline: number,
): Promise<Figures> {
  const half = Math.ceil(requests / 2);
  const options = ["-p", `${peer.port}`, "-n", `${half}`, "-c", `${clients / 2}`, "-P", `${pipeline}`];
  const random = ["-r", `${keyspace}`, "-q", "--csv"];
  const command = ["taskset", "-c", loadCores, "redis-benchmark", ...options, ...random, ...workload.words];
  const cpuBefore = cpuTimeMs(peer.pid);
  const rates = await Promise.all([rateOf(command), rateOf(command)]);
  const cpuMs = cpuTimeMs(peer.pid) - cpuBefore;
  return {
    requestsPerSecond: rates.reduce((sum, rate) => sum + rate, 0),
    cpuMicrosecondsPerRequest: (cpuMs * 1000) / (half * 2),
  };
}

async function rateOf(command: string[]): Promise<number> {
  const child = Bun.spawn(command, { stdout: "pipe", stderr: "pipe", timeout: runTimeoutMs });
  const output = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) {
    throw new Error(`redis-benchmark failed: ${output} ${await new Response(child.stderr).text()}`);
  }
  // The last line is: "name","requests per second","average latency" ... and the name may have commas of its own.
  const line = output.trim().split("\n").at(-1) ?? "";
  const rate = Number(/","([0-9.]+)","/.exec(line)?.[1]);
  if (!Number.isFinite(rate)) throw new Error(`redis-benchmark said something else: ${output}`);
  return rate;
}
