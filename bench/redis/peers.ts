import { cpus } from "node:os";
import { resolve } from "node:path";
import { freePort, startProcess, type StartedProcess, temporaryFolder } from "../../tools/test-services/index.ts";

/** A server under measurement, alone on its core. */
export interface Peer {
  readonly name: "redis-server" | "MyRedis";
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

export const ownCheckout = `${import.meta.dirname}/../..`;

/** The last core is the server's, the others are the load generators'. */
export const serverCore = cpus().length - 1;
export const loadCores = serverCore === 0 ? "0" : `0-${serverCore - 1}`;

/**
 * `checkout`: the folder of the repository of which MyRedis runs, this one without. `more`: further directives, as
 * words of the command line.
 */
export async function startPeer(
  name: Peer["name"],
  appendonly: boolean,
  checkout = ownCheckout,
  more: readonly string[] = [],
): Promise<Peer> {
  const port = await freePort();
  const folder = temporaryFolder("bench-redis");
  const log = appendonly ? "yes" : "no";
  const directives = ["--port", `${port}`, "--save", "", "--dir", folder, "--appendonly", log, ...more];
  const program: [string, ...string[]] =
    name === "redis-server" ? ["redis-server"] : [process.execPath, resolve(checkout, "my_redis/main.ts")];
  const started: StartedProcess = await startProcess({
    cmd: ["taskset", "-c", `${serverCore}`, ...program, ...directives],
    readyWhen: /Ready to accept connections/,
  });
  return { name, port, pid: started.pid, stop: async () => void (await started.stop()) };
}
