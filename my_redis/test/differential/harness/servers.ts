import { startRedisServer } from "../../../../tools/test-services/index.ts";
import { startServer } from "../../../index.ts";
import { RespConnection } from "./resp-connection.ts";

/** Which of the two servers. */
export type Side = "MyRedis" | "redis-server";

/** The two servers that are compared. One pair serves all test files of a run, and ends with the process. */
export interface ServerPair {
  readonly ports: Readonly<Record<Side, number>>;
  /** A connection of the harness's own to each, for what is not part of a test. RESP2, database 0. */
  readonly control: Readonly<Record<Side, RespConnection>>;
}

const pairKey = Symbol.for("my-redis.differential.servers");
const holder = globalThis as typeof globalThis & { [pairKey]?: Promise<ServerPair> };

export function serverPair(): Promise<ServerPair> {
  holder[pairKey] ??= startPair();
  return holder[pairKey];
}

async function startPair(): Promise<ServerPair> {
  const [redis, port] = await Promise.all([
    startRedisServer({ args: ["--enable-debug-command", "yes"] }),
    startMyRedis(),
  ]);
  const ports = { MyRedis: port, "redis-server": redis.port };
  return {
    ports,
    control: {
      MyRedis: await RespConnection.open(ports.MyRedis, "MyRedis"),
      "redis-server": await RespConnection.open(ports["redis-server"], "redis-server"),
    },
  };
}

async function startMyRedis(): Promise<number> {
  const report = (level: string, message: string, error?: unknown): void => {
    if (level === "error" || level === "warning") console.error(`MyRedis ${level}: ${message}`, error ?? "");
  };
  return (
    await startServer({
      port: 0,
      bind: ["127.0.0.1"],
      memory: true,
      "enable-debug-command": "yes",
      environment: { report },
    })
  ).port;
}
