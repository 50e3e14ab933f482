import { cpSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { freePort, startProcess, type StartedProcess, temporaryFolder } from "../../tools/test-services/index.ts";
import { cpuTimeMs } from "../measure.ts";
import { type Peer, serverCore } from "../redis/peers.ts";
import { RawClient } from "../redis/raw-client.ts";
import type { Dataset } from "./datasets.ts";

export type Writer = Peer["name"];

/** The files that are loaded. */
export const forms = ["snapshot", "log"] as const;
export type Form = (typeof forms)[number];

/** Milliseconds from the start of the process until it serves. */
export interface LoadTime {
  readonly wallMs: number;
  readonly cpuMs: number;
}

const startTimeoutMs = 120_000;

async function start(name: Writer, checkout: string, folder: string, appendonly: boolean): Promise<Running> {
  const port = await freePort();
  const program: [string, ...string[]] =
    name === "redis-server" ? ["redis-server"] : [process.execPath, resolve(checkout, "my_redis/main.ts")];
  const directives = ["--port", `${port}`, "--save", "", "--dir", folder, "--appendonly", appendonly ? "yes" : "no"];
  const log = ["--appendfsync", "no", "--auto-aof-rewrite-percentage", "0"];
  const startedMs = performance.now();
  const started = await startProcess({
    cmd: ["taskset", "-c", `${serverCore}`, ...program, ...directives, ...log],
    readyWhen: /Ready to accept connections/,
    timeoutMs: startTimeoutMs,
  });
  return { started, port, time: { wallMs: performance.now() - startedMs, cpuMs: cpuTimeMs(started.pid) } };
}

interface Running {
  readonly started: StartedProcess;
  readonly port: number;
  readonly time: LoadTime;
}

/** Has a server write a dataset; gives the folder. Without a dataset, the files are empty. */
export async function writeFolder(
  name: Writer,
  form: Form,
  checkout: string,
  dataset: Dataset | undefined,
): Promise<string> {
  const folder = temporaryFolder("bench-loading");
  const { started, port } = await start(name, checkout, folder, form === "log");
  const client = await RawClient.connect(port);
  if (dataset !== undefined) await client.send(dataset.requests());
  if (form === "snapshot") await client.ask(["SAVE"]);
  client.close();
  await started.stop();
  return folder;
}

/** Starts a server on a copy of the folder. The server may change its copy. */
export async function timeLoading(name: Writer, form: Form, checkout: string, folder: string): Promise<LoadTime> {
  const copy = temporaryFolder("bench-loading");
  cpSync(folder, copy, { recursive: true });
  const { started, time } = await start(name, checkout, copy, form === "log");
  await started.kill("SIGKILL");
  rmSync(copy, { recursive: true, force: true });
  return time;
}
