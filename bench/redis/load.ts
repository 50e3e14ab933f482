import { loadCores, type Peer } from "./peers.ts";
import { cpuTimeMs } from "../measure.ts";

/** One measured workload: the words that redis-benchmark gets. */
export interface Workload {
  readonly name: string;
  readonly words: readonly string[];
}

export interface Figures {
  readonly requestsPerSecond: number;
  readonly cpuMicrosecondsPerRequest: number;
}

const clients = 50;
const keyspace = "100000";

export const workloads: readonly Workload[] = [
  { name: "SET", words: ["-t", "set"] },
  { name: "GET", words: ["-t", "get"] },
  { name: "INCR", words: ["-t", "incr"] },
  { name: "HSET", words: ["-t", "hset"] },
  { name: "XADD", words: ["XADD", "stream", "MAXLEN", "~", "10000", "*", "field", "value"] },
  { name: "MSET (10 keys)", words: ["-t", "mset"] },
];

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
  const half = `${Math.floor(requests / 2)}`;
  const options = ["-p", `${peer.port}`, "-n", half, "-c", `${clients / 2}`, "-P", `${pipeline}`, "-r", keyspace];
  const command = ["taskset", "-c", loadCores, "redis-benchmark", ...options, "-q", "--csv", ...workload.words];
  const cpuBefore = cpuTimeMs(peer.pid);
  const rates = await Promise.all([rateOf(command), rateOf(command)]);
  const cpuMs = cpuTimeMs(peer.pid) - cpuBefore;
  return {
    requestsPerSecond: rates.reduce((sum, rate) => sum + rate, 0),
    cpuMicrosecondsPerRequest: (cpuMs * 1000) / requests,
  };
}

async function rateOf(command: string[]): Promise<number> {
  const child = Bun.spawn(command, { stdout: "pipe", stderr: "pipe", timeout: 120_000 });
  const output = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) {
    throw new Error(`redis-benchmark failed: ${output} ${await new Response(child.stderr).text()}`);
  }
  // The last line is: "name","requests per second","average latency" ...
  const rate = Number(output.trim().split("\n").at(-1)?.split(",").at(1)?.replaceAll('"', ""));
  if (!Number.isFinite(rate)) throw new Error(`redis-benchmark said something else: ${output}`);
  return rate;
}
