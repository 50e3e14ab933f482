import { startProcess, type StartedProcess } from "../../../tools/test-services/index.ts";
import { RespConnection } from "../differential/harness/resp-connection.ts";

export const mainFile = `${import.meta.dirname}/../../main.ts`;

/** MyRedis as a separate process that can be killed. */
export interface MyRedisProcess {
  readonly port: number;
  readonly process: StartedProcess;
  connect(): Promise<RespConnection>;
}

/**
 * Starts MyRedis with its append-only file in `folder`. Rejects with its output when it refuses to start. `before`: words of
 * another program that starts it.
 */
export async function startMyRedis(
  folder: string,
  directives: Readonly<Record<string, string>> = {},
  before: readonly string[] = [],
): Promise<MyRedisProcess> {
  const words = Object.entries({ port: "0", dir: folder, appendonly: "yes", ...directives });
  const program = [process.execPath, mainFile, ...words.flatMap(([name, value]) => [`--${name}`, value])];
  return launch([...before, ...program] as unknown as [string, ...string[]]);
}

/** The words with which a program is started whose files have a limit in KiB, which acts like a full disk. */
export const withFullDisk = (fileLimitKib: number): readonly string[] => [
  ...["bash", "-c", `ulimit -S -f ${fileLimitKib}; exec "$@"`, "bash"],
];

/** As `startMyRedis`, on a full disk. */
export async function startMyRedisOnFullDisk(folder: string, fileLimitKib: number): Promise<MyRedisProcess> {
  return startMyRedis(folder, {}, withFullDisk(fileLimitKib));
}

async function launch(cmd: [string, ...string[]]): Promise<MyRedisProcess> {
  const started = await startProcess({ cmd, readyWhen: /Ready to accept connections[^\n]*:(\d+)/ });
  const port = Number(started.readyMatch?.[1]);
  return { port, process: started, connect: () => RespConnection.open(port, "MyRedis") };
}
