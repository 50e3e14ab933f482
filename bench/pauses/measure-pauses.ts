import { cpus } from "node:os";
import { freePort, startProcess, type StartedProcess, temporaryFolder } from "../../tools/test-services/index.ts";
import { RawClient } from "../redis/raw-client.ts";
import type { Latencies } from "./probe.ts";
import { elementCount, rehearsedCount, type Scenario } from "./scenarios.ts";

export type ServerName = "redis-server" | "MyRedis";

/** The effect of one scenario on one server. */
export interface Pauses {
  /** Of another client's requests, one each millisecond. */
  readonly latencyMs: Latencies;
  /** Longest turn of the server's event loop by its own count; only MyRedis tells. */
  readonly longestTurnMs: number | undefined;
}

/** Goes on measuring for so long after the action. */
const windowMs = 1000;
/** Requests of one write while the collection is built: others are served between two. */
const buildBatch = 10;
/** Two cores for the server, because both servers also work outside of their main thread; the rest for the clients. */
const serverCores = cpus().length < 4 ? "0-1" : `${cpus().length - 2}-${cpus().length - 1}`;
const loadCores = cpus().length < 4 ? "0-1" : `0-${cpus().length - 3}`;

/** Runs one scenario on a fresh server. */
export async function measurePauses(name: ServerName, scenario: Scenario): Promise<Pauses> {
  const port = await freePort();
  const dir = temporaryFolder("pauses");
  const program: [string, ...string[]] =
    name === "redis-server"
      ? ["redis-server", "--port", `${port}`, "--save", "", "--dir", dir]
      : [process.execPath, `${import.meta.dirname}/watched-server.ts`, `${port}`, dir];
  const server = await startProcess({
    cmd: ["taskset", "-c", serverCores, ...program],
    readyWhen: /Ready to accept connections/,
  });
  try {
    return await runScenario(server, port, scenario);
  } finally {
    await server.stop();
  }
}

async function runScenario(server: StartedProcess, port: number, scenario: Scenario): Promise<Pauses> {
  const client = await RawClient.connect(port);
  const probe = Bun.spawn(
    ["taskset", "-c", loadCores, process.execPath, `${import.meta.dirname}/probe-process.ts`, `${port}`],
    {
      stdin: "pipe",
      stdout: "pipe",
    },
  );
  const lines = probe.stdout.pipeThrough(new TextDecoderStream()).getReader();
  await lines.read();
  try {
    // Once with less: what is compiled just in time must have been.
    await client.send(scenario.fill(rehearsedCount), buildBatch);
    await client.send(scenario.action ?? [["FLUSHALL", "ASYNC"]]);
    await Bun.sleep(windowMs / 2);
    await client.send([["FLUSHALL"]]);
    if (scenario.action !== undefined) await client.send(scenario.fill(elementCount));
    await Bun.sleep(windowMs / 2);
    await probe.stdin.write("reset\n");
    await probe.stdin.flush();
    const toldBefore = server.stdout().length;
    if (scenario.action === undefined) await client.send(scenario.fill(elementCount), buildBatch);
    else await client.send(scenario.action);
    await Bun.sleep(windowMs);
    await probe.stdin.write("report\n");
    await probe.stdin.flush();
    const latencyMs = JSON.parse((await lines.read()).value ?? "{}") as Latencies;
    return { latencyMs, longestTurnMs: longestTurn(server.stdout().slice(toldBefore)) };
  } finally {
    probe.kill();
    await probe.exited;
    client.close();
  }
}

function longestTurn(told: string): number | undefined {
  const turns = [...told.matchAll(/^turn ([0-9.]+)$/gm)].map((match) => Number(match[1]));
  return turns.length === 0 ? undefined : Math.max(...turns);
}
