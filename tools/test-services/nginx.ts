import { connect } from "node:net";
import { requiredProgram } from "./required-program.ts";
import { startService, type Service } from "./service.ts";

export interface NginxOptions {
  /** A folder with the whole nginx.conf in it, which listens on `port` of 127.0.0.1 and runs in the foreground. */
  folder: string;
  port: number;
  timeoutMs?: number;
}

/** A private nginx. Its folder is removed when it is stopped. */
export function startNginx({ folder, port, timeoutMs = 15_000 }: NginxOptions): Promise<Service> {
  const cmd: [string, ...string[]] = [requiredProgram("nginx"), "-p", folder, "-c", "nginx.conf", "-e", "stderr"];
  const server = { cmd, readyWhen: () => accepts(port), timeoutMs };
  return startService({ url: `http://127.0.0.1:${port}`, port, dataDir: folder, processes: [server] });
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" }, () => settle(true));
    const settle = (ready: boolean): void => {
      socket.destroy();
      resolve(ready);
    };
    socket.on("error", () => settle(false));
  });
}
