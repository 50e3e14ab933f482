import { startNodes } from "my-redis";
import { freePort, startProcess, temporaryFolder } from "../../tools/test-services/index.ts";
import { median } from "../measure.ts";
import { type LoadRun, runLoad } from "./load.ts";

export interface ScalingOptions {
  readonly rounds: number;
  /** Of each run, times the pipeline. */
  readonly requests: number;
  readonly connections: number;
  readonly pipelines: readonly number[];
}

/** Medians of the rounds. */
export interface ScalingRow {
  readonly command: string;
  readonly pipeline: number;
  readonly onePerSecond: number;
  readonly twoPerSecond: number;
  readonly ratio: number;
  /** CPU microseconds of the nodes for each request. */
  readonly oneMicroseconds: number;
  readonly twoMicroseconds: number;
  /** CPU seconds of the nodes for each second: 1 and 2 are all that their cores have. Below that the client is slower. */
  readonly oneBusy: number;
  readonly twoBusy: number;
}

interface Peer {
  readonly port: number;
  readonly pids: readonly number[];
  readonly cluster: boolean;
  stop(): Promise<unknown>;
}

const clientCores = [0, 1];
const nodeCores = [2, 3];
/** `{tag}` becomes a hash tag of a node's slot, as redis-benchmark --cluster wants it. */
const text = "text:{tag}:__rand_int__";
const hash = "hash:{tag}:__rand_int__";
/** Takes a node so long that the client, which has two cores for it, is not the slower side. */
const script = "for field = 1, 20 do redis.call('HINCRBY', KEYS[1], field, 1) end";
const commands = {
  SET: ["SET", text, "x".repeat(32)],
  GET: ["GET", text],
  "script of 20 calls": ["EVAL", script, "1", hash],
} as const;

/**
 * The throughput of `--nodes 2` with a client that knows clusters (redis-benchmark --cluster), as a multiple of that of
 * one node with the same client: alternating runs, each node alone on its core.
 */
export async function measureScaling(options: ScalingOptions): Promise<ScalingRow[]> {
  const peers = [await startOne(), await startTwo()] as const;
  const rows: ScalingRow[] = [];
  try {
    for (const pipeline of options.pipelines) {
      for (const [name, command] of Object.entries(commands)) {
        const runs: [one: LoadRun[], two: LoadRun[]] = [[], []];
        for (let round = 0; round < options.rounds; round++) {
          for (const index of [0, 1] as const) {
            const { connections } = options;
            const requests = Math.round((options.requests * pipeline) / (command[0] === "EVAL" ? 8 : 1));
            runs[index].push(await runLoad({ ...peers[index], command, requests, connections, pipeline, clientCores }));
          }
        }
        rows.push(rowOf(name, pipeline, runs));
      }
    }
  } finally {
    for (const peer of peers) await peer.stop();
  }
  return rows;
}

function rowOf(command: string, pipeline: number, [one, two]: readonly [LoadRun[], LoadRun[]]): ScalingRow {
  const middle = (runs: readonly LoadRun[], figure: keyof LoadRun): number => median(runs.map((run) => run[figure]));
  const [onePerSecond, twoPerSecond] = [middle(one, "perSecond"), middle(two, "perSecond")];
  const ratio = twoPerSecond / onePerSecond;
  return {
    command,
    pipeline,
    onePerSecond,
    twoPerSecond,
    ratio,
    oneMicroseconds: middle(one, "microseconds"),
    twoMicroseconds: middle(two, "microseconds"),
    oneBusy: middle(one, "busy"),
    twoBusy: middle(two, "busy"),
  };
}

async function startOne(): Promise<Peer> {
  const port = await freePort();
  const main = `${import.meta.dirname}/../../my_redis/main.ts`;
  const node = await startProcess({
    cmd: [process.execPath, main, "--port", `${port}`, "--save", "", "--dir", temporaryFolder("bench-scaling")],
    readyWhen: /Ready to accept connections/,
  });
  pin(node.pid, nodeCores[0]);
  return { port, pids: [node.pid], cluster: false, stop: () => node.stop() };
}

async function startTwo(): Promise<Peer> {
  const port = await freePort(2);
  const dir = temporaryFolder("bench-scaling");
  const running = await startNodes({ nodes: 2, port, dir, directives: { save: "" } });
  const pids = [running.pid(0) as number, running.pid(1) as number];
  pids.forEach((pid, index) => pin(pid, nodeCores[index]));
  return { port, pids, cluster: true, stop: () => running.close() };
}

function pin(pid: number, core: number | undefined): void {
  const { exitCode, stderr } = Bun.spawnSync(["taskset", "-a", "-p", "-c", `${core}`, `${pid}`]);
  if (exitCode !== 0) throw new Error(`taskset failed: ${stderr.toString()}`);
}
