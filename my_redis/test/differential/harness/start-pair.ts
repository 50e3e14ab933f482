import { type Service, startRedisServer } from "../../../../tools/test-services/index.ts";
import { type OpenServer, startOpenServer, type StartOptions } from "../../../src/start-server.ts";
import { RespConnection } from "./resp-connection.ts";

/** One of the two servers. */
export type Side = "MyRedis" | "redis-server";

export const sides = ["MyRedis", "redis-server"] as const satisfies readonly Side[];

/** Two servers that are compared. */
export interface ServerPair {
  readonly ports: Readonly<Record<Side, number>>;
  /** The harness's own connection to each server, for commands that are not part of a test. RESP2, database 0. */
  readonly control: Readonly<Record<Side, RespConnection>>;
}

export interface PairOptions {
  /** Directives of both servers, by their names in redis.conf: `{ "busy-reply-threshold": "20" }`. */
  readonly flags?: Readonly<Record<string, string>>;
  /** Settings of MyRedis alone. By default it keeps everything in memory. */
  readonly myRedis?: StartOptions;
}

/** A MyRedis and a redis-server that were started for one test, or for a group of them. */
export interface StartedPair extends ServerPair {
  readonly ours: OpenServer;
  readonly theirs: Service;
  /** Does the same with each server, MyRedis first, and returns both results. */
  onBoth<Result>(run: (port: number, side: Side) => Promise<Result>): Promise<[ours: Result, theirs: Result]>;
  /** Stops both servers, and closes the connections of `control`. */
  close(): Promise<void>;
}

/** Starts both servers, each on a free port of 127.0.0.1. */
export async function startPair({ flags = {}, myRedis = {} }: PairOptions = {}): Promise<StartedPair> {
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
  const [theirs, ours] = await Promise.all([
    startRedisServer({ args }),
    startOpenServer({ port: 0, bind: ["127.0.0.1"], memory: true, ...flags, ...myRedis }),
  ]);
  const ports = { MyRedis: ours.port, "redis-server": theirs.port };
  const control = {
    MyRedis: await RespConnection.open(ports.MyRedis, "MyRedis"),
    "redis-server": await RespConnection.open(ports["redis-server"], "redis-server"),
  };
  return {
    ports,
    control,
    ours,
    theirs,
    onBoth: async (run) => [await run(ports.MyRedis, "MyRedis"), await run(ports["redis-server"], "redis-server")],
    close: async () => {
      for (const side of sides) control[side].close();
      await Promise.all([ours.close(), theirs.stop()]);
    },
  };
}
