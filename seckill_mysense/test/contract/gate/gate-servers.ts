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
  /** Ends it with SIGKILL. */
  crash(): Promise<void>;
  /** Stops it from running without ending it, and lets it run again. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** Starts it again on the same port and files. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface GateServerKind {
  readonly name: string;
  /** Why it cannot run here; empty when it can. Belongs into the name of the group of tests. */
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

/** Every kind of server that the gate promises to run on: one suite, all of them. */
export const gateServerKinds: readonly GateServerKind[] = [redisServer, myRedis];
