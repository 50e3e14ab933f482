/**
 * What relaying costs: GET and SET of keys that the asked node owns, beside keys that the other one of two nodes owns,
 * in alternating runs. Counted is the CPU time of both nodes together.
 *
 *   npm run bench:cluster -- [--rounds 5] [--requests 100000] [--connections 50] [--pipeline 1,16] [--no-save]
 */
import { parseArgs } from "node:util";
import { freePort, startProcess, type StartedProcess, temporaryFolder } from "../../tools/test-services/index.ts";
import { hashSlot } from "../../my_redis/src/cluster/hash-slot.ts";
import { Members } from "../../my_redis/src/cluster/members.ts";
import { cpuTimeMs, keepResults, measuredOn, median, textTable } from "../measure.ts";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    requests: { type: "string", default: "100000" },
    connections: { type: "string", default: "50" },
    pipeline: { type: "string", default: "1,16" },
    save: { type: "boolean", default: true },
  },
  allowNegative: true,
});

const places = ["local", "relayed"] as const;
const commands = { GET: ["GET"], SET: ["SET"] } as const;
const value = "x".repeat(32);
/** The nodes have the other two cores. */
const pinned = ["taskset", "-c", "0,1"];

interface Run {
  readonly microseconds: number;
  readonly requestsPerSecond: number;
}

const ports = [await freePort(), await freePort()];
const names = ports.map((port) => `127.0.0.1:${port}`);
const members = new Members(names[0] as string, names);
const nodes = await Promise.all(ports.map((port, index) => startNode(port, index)));
const asked = ports[0] as number;
const keys = { local: keyOf(names[0] as string), relayed: keyOf(names[1] as string) };

async function startNode(port: number, index: number): Promise<StartedProcess> {
  const directives = {
    port: `${port}`,
    self: `127.0.0.1:${port}`,
    peers: names.join(" "),
    dir: temporaryFolder("bench-cluster"),
    save: "",
  };
  return startProcess({
    cmd: [
      "taskset",
      "-c",
      `${index + 2}`,
      process.execPath,
      `${import.meta.dirname}/../../my_redis/main.ts`,
      ...Object.entries(directives).flatMap(([name, word]) => [`--${name}`, word]),
    ],
    readyWhen: /Ready to accept connections/,
  });
}

/** A key that a node owns. */
function keyOf(name: string): string {
  for (let number = 0; ; number++) {
    const key = `key:${`${number}`.padStart(12, "0")}`;
    if (members.names[members.owners[hashSlot(Buffer.from(key), 0, key.length)] as number] === name) return key;
  }
}

function runOnce(command: readonly string[], key: string, pipeline: string): Run {
  const words = command[0] === "SET" ? [...command, key, value] : [...command, key];
  const before = nodes.map(({ pid }) => cpuTimeMs(pid));
  const startedMs = performance.now();
  const load = Bun.spawnSync({
    cmd: [
      ...pinned,
      "redis-benchmark",
      "-p",
      `${asked}`,
      "-n",
      options.requests,
      "-c",
      options.connections,
      "-P",
      pipeline,
      "-q",
      ...words,
    ],
    timeout: 120_000,
  });
  if (load.exitCode !== 0)
    throw new Error(`redis-benchmark failed: ${load.stdout.toString()}${load.stderr.toString()}`);
  const elapsedMs = performance.now() - startedMs;
  const cpuMs = nodes.reduce((sum, { pid }, index) => sum + cpuTimeMs(pid) - (before[index] as number), 0);
  const requests = Number(options.requests);
  return { microseconds: (cpuMs * 1000) / requests, requestsPerSecond: (requests * 1000) / elapsedMs };
}

const rows: { command: string; pipeline: string; local: Run; relayed: Run; cpuRatio: number }[] = [];
for (const pipeline of options.pipeline.split(",")) {
  for (const [name, command] of Object.entries(commands)) {
    const runs: Record<(typeof places)[number], Run[]> = { local: [], relayed: [] };
    for (const place of places) runOnce(["SET"], keys[place], pipeline);
    for (let round = 0; round < Number(options.rounds); round++) {
      for (const place of places) runs[place].push(runOnce(command, keys[place], pipeline));
    }
    const middle = (place: (typeof places)[number]): Run => ({
      microseconds: median(runs[place].map(({ microseconds }) => microseconds)),
      requestsPerSecond: median(runs[place].map(({ requestsPerSecond }) => requestsPerSecond)),
    });
    const [local, relayed] = [middle("local"), middle("relayed")];
    rows.push({ command: name, pipeline, local, relayed, cpuRatio: relayed.microseconds / local.microseconds });
  }
}
await Promise.all(nodes.map((node) => node.stop()));

const cells = rows.map(({ command, pipeline, local, relayed, cpuRatio }) => [
  command,
  pipeline,
  local.microseconds.toFixed(2),
  relayed.microseconds.toFixed(2),
  cpuRatio.toFixed(2),
  Math.round(local.requestsPerSecond).toLocaleString("en"),
  Math.round(relayed.requestsPerSecond).toLocaleString("en"),
]);
console.log(
  textTable([["command", "pipeline", "local us", "relayed us", "CPU ratio", "local/s", "relayed/s"], ...cells]),
);
console.log("\nus: CPU microseconds per request, both nodes together.");
if (options.save) console.log(`kept in ${keepResults("cluster", measuredOn(), { ...options, rows })}`);
