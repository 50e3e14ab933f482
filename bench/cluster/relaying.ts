import { freePorts, startProcess, type StartedProcess, temporaryFolder } from "../../tools/test-services/index.ts";
import { hashSlot } from "../../my_redis/src/cluster/hash-slot.ts";
import { Members } from "../../my_redis/src/cluster/members.ts";
import { median } from "../measure.ts";
import { type LoadRun, runLoad } from "./load.ts";

export interface RelayingOptions {
  readonly rounds: number;
  readonly requests: number;
  readonly connections: number;
  readonly pipelines: readonly number[];
}

/** Medians of the rounds. */
export interface RelayingRow {
  readonly command: string;
  readonly pipeline: number;
  /** CPU microseconds for each request, both nodes together. */
  readonly localMicroseconds: number;
  readonly relayedMicroseconds: number;
  readonly cpuRatio: number;
  readonly localPerSecond: number;
  readonly relayedPerSecond: number;
}

const commands = { GET: [], SET: ["x".repeat(32)] } as const;
/** The client has the first two cores. */
const clientCores = [0];
const firstNodeCore = 2;

/**
 * The price of relaying: GET and SET of keys that the asked node owns, beside keys that the other one of two nodes owns, in
 * alternating runs. Counted is the CPU time of both nodes together.
 */
export async function measureRelaying(options: RelayingOptions): Promise<RelayingRow[]> {
  const ports = (await freePorts(2)) as [number, number];
  const names = ports.map((port) => `127.0.0.1:${port}`);
  const nodes = await Promise.all(ports.map((port, index) => startNode(port, names, firstNodeCore + index)));
  const [own, other] = keysOf(names);
  const run = (command: keyof typeof commands, key: string, pipeline: number): Promise<LoadRun> =>
    runLoad({
      port: ports[0],
      pids: nodes.map(({ pid }) => pid),
      command: [command, key, ...commands[command]],
      requests: options.requests,
      connections: options.connections,
      pipeline,
      clientCores,
      cluster: false,
    });
  const rows: RelayingRow[] = [];
  try {
    for (const pipeline of options.pipelines) {
      for (const command of ["GET", "SET"] as const) {
        for (const key of [own, other]) await run("SET", key, pipeline);
        const local: LoadRun[] = [];
        const relayed: LoadRun[] = [];
        for (let round = 0; round < options.rounds; round++) {
          local.push(await run(command, own, pipeline));
          relayed.push(await run(command, other, pipeline));
        }
        rows.push(rowOf(command, pipeline, local, relayed));
      }
    }
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
  }
  return rows;
}

function rowOf(command: string, pipeline: number, local: readonly LoadRun[], relayed: readonly LoadRun[]): RelayingRow {
  const middle = (runs: readonly LoadRun[], figure: keyof LoadRun): number => median(runs.map((run) => run[figure]));
  const [localMicroseconds, relayedMicroseconds] = [middle(local, "microseconds"), middle(relayed, "microseconds")];
  return {
    command,
    pipeline,
    localMicroseconds,
    relayedMicroseconds,
    cpuRatio: relayedMicroseconds / localMicroseconds,
    localPerSecond: middle(local, "perSecond"),
    relayedPerSecond: middle(relayed, "perSecond"),
  };
}

function startNode(port: number, names: readonly string[], core: number): Promise<StartedProcess> {
  const main = `${import.meta.dirname}/../../my_redis/main.ts`;
  const directives = {
    port: `${port}`,
    self: `127.0.0.1:${port}`,
    peers: names.join(" "),
    dir: temporaryFolder("bench-relaying"),
    save: "",
  };
  const words = Object.entries(directives).flatMap(([name, word]) => [`--${name}`, word]);
  return startProcess({
    cmd: ["taskset", "-c", `${core}`, process.execPath, main, ...words],
    readyWhen: /Ready to accept connections/,
  });
}

/** A key of each node. */
function keysOf(names: readonly string[]): [string, string] {
  const members = new Members(names[0] as string, names);
  const keyOf = (name: string | undefined): string => {
    for (let number = 0; ; number++) {
      const key = `key:${`${number}`.padStart(12, "0")}`;
      if (members.names[members.owners[hashSlot(Buffer.from(key), 0, key.length)] as number] === name) return key;
    }
  };
  return [keyOf(names[0]), keyOf(names[1])];
}
