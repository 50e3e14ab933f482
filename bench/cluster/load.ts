import { cpuTimeMs } from "../measure.ts";

export interface LoadOptions {
  readonly port: number;
  /** The nodes' processes, whose CPU time is counted together. */
  readonly pids: readonly number[];
  readonly command: readonly string[];
  readonly requests: number;
  readonly connections: number;
  readonly pipeline: number;
  /** A thread for each. */
  readonly clientCores: readonly number[];
  /** The client knows Redis Cluster. */
  readonly cluster: boolean;
}

export interface LoadRun {
  readonly perSecond: number;
  /** CPU microseconds of the nodes for each request. */
  readonly microseconds: number;
  /** CPU seconds that the nodes used for each second of the run. */
  readonly busy: number;
}

const timeoutMs = 120_000;

/** One run of redis-benchmark on cores of its own. With several threads it looks at its clock four times a second. */
export async function runLoad(options: LoadOptions): Promise<LoadRun> {
  const { port, pids, command, requests, connections, pipeline, clientCores, cluster } = options;
  const words = ["-p", port, "-n", requests, "-c", connections, "-P", pipeline, "-r", 100_000, "-q"].map(String);
  if (clientCores.length > 1) words.push("--threads", `${clientCores.length}`);
  if (cluster) words.push("--cluster");
  const before = pids.map(cpuTimeMs);
  const startedMs = performance.now();
  const run = Bun.spawn(["taskset", "-c", clientCores.join(","), "redis-benchmark", ...words, ...command], {
    stdout: "pipe",
    stderr: "pipe",
    timeout: timeoutMs,
  });
  const [output, errors, exitCode] = await Promise.all([run.stdout.text(), run.stderr.text(), run.exited]);
  if (exitCode !== 0) throw new Error(`redis-benchmark failed: ${output}${errors}`);
  const elapsedMs = performance.now() - startedMs;
  const cpuMs = pids.reduce((sum, pid, index) => sum + cpuTimeMs(pid) - (before[index] as number), 0);
  return {
    perSecond: (requests * 1000) / elapsedMs,
    microseconds: (cpuMs * 1000) / requests,
    busy: cpuMs / elapsedMs,
  };
}
