import { join } from "node:path";
import {
  freePort,
  requireService,
  startProcess,
  startRedisServer,
  temporaryFolder,
} from "../../../../tools/test-services/index.ts";

/** A server that the gate's tests run on, private to one test file. */
export interface GateTestServer {
  readonly host: string;
  readonly port: number;
  /** Kills it with SIGKILL. */
  crash(): Promise<void>;
  /** Suspends the process; `thaw` resumes it. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** Starts it again on the same port and files. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface GateServerKind {
  readonly name: string;
  /** Why it cannot run here; empty if it can. Part of the name of the group of tests. */
  readonly skipReason: string;
  /** `durable`: answers only after the write is on disk. */
  start(options?: { readonly durable?: boolean }): Promise<GateTestServer>;
}

const durableArguments = ["--appendonly", "yes", "--appendfsync", "always"];

const redis = requireService("redis");

const redisServer: GateServerKind = {
  name: "redis-server",
  skipReason: redis.reason,
  async start({ durable = false } = {}) {
    const service = await startRedisServer({ args: durable ? durableArguments : [] });
    return {
      host: service.host,
      port: service.port,
      crash: () => service.kill("SIGKILL"),
      freeze: () => service.kill("SIGSTOP"),
      thaw: () => service.kill("SIGCONT"),
      restart: () => service.restart(),
      stop: () => service.stop(),
    };
  },
};

const myRedisMain = join(import.meta.dir, "../../../../my_redis/main.ts");

const myRedis: GateServerKind = {
  name: "MyRedis",
  skipReason: "",
  async start({ durable = false } = {}) {
    const port = await freePort();
    const place = ["--port", String(port), "--bind", "127.0.0.1", "--dir", temporaryFolder("test-my-redis")];
    const durability = durable ? durableArguments : ["--appendonly", "no"];
    const cmd: [string, ...string[]] = [process.execPath, myRedisMain, ...place, ...durability];
    const start = () => startProcess({ cmd, readyWhen: () => acceptsConnections(port) });
    let running = await start();
    return {
      host: "127.0.0.1",
      port,
      crash: () => running.kill("SIGKILL"),
      freeze: () => running.kill("SIGSTOP"),
      thaw: () => running.kill("SIGCONT"),
      async restart() {
        await running.stop();
        running = await start();
      },
      stop: async () => void (await running.stop({ timeoutMs: 0 })),
    };
  },
};

function acceptsConnections(port: number): Promise<boolean> {
  return Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } }).then(
    (socket) => {
      socket.end();
      return true;
    },
    () => false,
  );
}

/** All kinds of servers that the gate's tests run on. */
export const gateServerKinds: readonly GateServerKind[] = [redisServer, myRedis];
