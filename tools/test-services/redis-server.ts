import { connect } from "node:net";
import { freePort } from "./free-port.ts";
import { requiredProgram } from "./required-program.ts";
import { startService, withNewPortsOnClash, type Service } from "./service.ts";
import { temporaryFolder } from "./temporary-folder.ts";

export interface RedisServerOptions {
  /** Further arguments: `["--appendonly", "yes"]`. A later directive wins over one of ours. */
  args?: readonly string[];
  timeoutMs?: number;
}

/** A private redis-server that saves nothing unless told to. */
export function startRedisServer({ args = [], timeoutMs = 15_000 }: RedisServerOptions = {}): Promise<Service> {
  const program = requiredProgram("redis");
  return withNewPortsOnClash(async () => {
    const port = await freePort();
    const dataDir = temporaryFolder("test-redis");
    const place = ["--port", `${port}`, "--bind", "127.0.0.1", "--dir", dataDir, "--daemonize", "no"];
    const cmd = [program, ...place, "--save", "", "--appendonly", "no", ...args] as const;
    const server = { cmd: cmd as [string, ...string[]], readyWhen: () => answersPing(port), timeoutMs };
    return startService({ url: `redis://127.0.0.1:${port}`, port, dataDir, processes: [server] });
  });
}

/** Any answer but LOADING will do: a server with a password says NOAUTH, and is ready. */
function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" }, () => socket.write("PING\r\n"));
    const settle = (ready: boolean): void => {
      socket.destroy();
      resolve(ready);
    };
    socket.setTimeout(1_000, () => settle(false));
    socket.on("data", (answer) => settle(!answer.toString().startsWith("-LOADING")));
    socket.on("error", () => settle(false));
    socket.on("close", () => settle(false));
  });
}
