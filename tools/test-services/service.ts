import { rmSync } from "node:fs";
import { startProcess, type StartedProcess, type StartProcessOptions } from "./start-process.ts";

/** A real server, private to the test that started it. Everything listens on 127.0.0.1 only. */
export interface Service {
  /** How a client reaches it: redis://, mysql:// or amqp://. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** Its files. They survive `kill` and `restart`, and are removed by `stop`. */
  readonly dataDir: string;
  /** Changes with every restart. */
  readonly pid: number;
  /** Sends a signal (SIGKILL, SIGSTOP, SIGCONT ...). The effect of one that ends or freezes it is waited for. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Ends it in good order when it still runs, and starts it on the same port and the same files. */
  restart(): Promise<void>;
  /** Ends it for good, without ceremony, and removes its files. */
  stop(): Promise<void>;
  /** The end of what the server printed since its last start. */
  output(): string;
}

export interface ServiceDefinition {
  url: string;
  port: number;
  dataDir: string;
  /** Processes in starting order; the last one is the server itself. */
  processes: readonly StartProcessOptions[];
  /** A clean end in `restart` may take this long before the server is killed. */
  stopTimeoutMs?: number;
}

const defaultStopTimeoutMs = 30_000;

export async function startService(definition: ServiceDefinition): Promise<Service> {
  let running: StartedProcess[] = [];
  const server = (): StartedProcess => running.at(-1) as StartedProcess;

  async function start(): Promise<void> {
    running = [];
    try {
      for (const process of definition.processes) running.push(await startProcess(process));
    } catch (error) {
      await end({ timeoutMs: 0 });
      throw error;
    }
  }

  async function end(options: { timeoutMs: number }): Promise<void> {
    for (const process of running.toReversed()) await process.stop(options);
  }

  await start();
  return {
    url: definition.url,
    host: "127.0.0.1",
    port: definition.port,
    dataDir: definition.dataDir,
    get pid() {
      return server().pid;
    },
    kill: (signal) => server().kill(signal),
    async restart() {
      await end({ timeoutMs: definition.stopTimeoutMs ?? defaultStopTimeoutMs });
      await start();
    },
    async stop() {
      await end({ timeoutMs: 0 });
      rmSync(definition.dataDir, { recursive: true, force: true });
    },
    output: () => `${server().stdout()}${server().stderr()}`,
  };
}

const maxStarts = 3;

/** Starts again with new ports when another program has taken a port that was free a moment ago. */
export async function withNewPortsOnClash<T>(start: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start();
    } catch (error) {
      const clash = /address already in use|EADDRINUSE|eaddrinuse|could not bind/i.test(String(error));
      if (!clash || attempt === maxStarts) throw error;
    }
  }
}
