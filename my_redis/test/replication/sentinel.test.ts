import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { Redis } from "ioredis";
import { createSentinel } from "redis";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  findProgram,
  freePort,
  requireService,
  startProcess,
  temporaryFolder,
  waitUntil,
} from "../../../tools/test-services/index.ts";
import { CheckedWriter } from "./checked-writer.ts";
import { ask, MonitoredServers, primaryName, sentinelProgram } from "./monitored-servers.ts";
import { expectSameData, infoField, startMyRedis, type TestServer, untilConnected } from "./replication-servers.ts";

const redis = requireService("redis");
const sentinel = findProgram("redis-sentinel") ?? findProgram("redis-server");

describe.skipIf(redis.missing || sentinel === undefined)(`Redis Sentinel${redis.reason}`, () => {
  const closing: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
  });

  async function started(directives: Readonly<Record<string, string>> = {}): Promise<TestServer> {
    const server = await startMyRedis(directives);
    closing.push(() => server.close());
    return server;
  }

  async function startSentinel(primary: TestServer): Promise<void> {
    const file = join(temporaryFolder("sentinel"), "sentinel.conf");
    const port = await freePort();
    const lines = [
      `port ${port}`,
      "bind 127.0.0.1",
      `sentinel monitor shop 127.0.0.1 ${primary.port} 1`,
      "sentinel down-after-milliseconds shop 1000",
      "sentinel failover-timeout shop 10000",
    ];
    writeFileSync(file, `${lines.join("\n")}\n`);
    const running = await startProcess({ cmd: [sentinel as string, file, "--sentinel"] });
    closing.push(() => running.stop());
  }

  test("makes a replica the primary when the primary is gone, and the other one follows it", async () => {
    const primary = await startMyRedis();
    const one = await started({ replicaof: `127.0.0.1 ${primary.port}` });
    const two = await started({ replicaof: `127.0.0.1 ${primary.port}` });
    await untilConnected(one);
    await untilConnected(two);
    await primary.ask("SET", "kept", "1");
    await expectSameData(primary, one);
    await expectSameData(primary, two);
    await startSentinel(primary);
    // It learns of the replicas from INFO, and greets over pub/sub at each of them.
    await waitUntil(async () => (await two.ask("PUBSUB", "CHANNELS")).includes("__sentinel__:hello"), {
      what: "the sentinel to know the replicas",
      timeoutMs: 30_000,
    });
    await primary.close();
    const isPrimary = async (server: TestServer): Promise<boolean> => (await infoField(server, "role")) === "master";
    await waitUntil(async () => (await isPrimary(one)) || (await isPrimary(two)), {
      what: "a replica to take over",
      timeoutMs: 40_000,
    });
    const [winner, other] = (await isPrimary(one)) ? [one, two] : [two, one];
    await waitUntil(async () => (await infoField(other, "master_port")) === String(winner.port), {
      what: "the other one to follow it",
      timeoutMs: 30_000,
    });
    await winner.ask("SET", "after", "2");
    await expectSameData(winner, other);
    expect(await other.ask("GET", "kept")).toContain("1");
    expect(other.log().match(/the primary sends all data/g)).toHaveLength(1);
  }, 120_000);
});

describe.skipIf(redis.missing || sentinelProgram === undefined)(`clients of three Sentinels${redis.reason}`, () => {
  let servers: MonitoredServers;
  let writers: readonly CheckedWriter[] = [];
  const closing: (() => unknown)[] = [];

  beforeAll(async () => {
    servers = await MonitoredServers.start();
    writers = [writerOfIoredis(), await writerOfNodeRedis()];
  }, 60_000);

  afterAll(async () => {
    for (const writer of writers) await writer.stop();
    for (const close of closing) await close();
    await servers.close();
  });

  function writerOfIoredis(): CheckedWriter {
    const client = new Redis({
      sentinels: servers.sentinels.map((port) => ({ host: "127.0.0.1", port })),
      name: primaryName,
    });
    client.on("error", () => {});
    closing.push(() => client.disconnect());
    // A pipeline is sent again as a whole or not at all: WAIT never goes over a connection that has written nothing.
    return new CheckedWriter("ioredis", async (key) => {
      const [set, wait] = (await client.pipeline().set(key, key).wait(2, 200).exec()) ?? [];
      return set?.[1] === "OK" ? Number(wait?.[1]) : Promise.reject(new Error("not written"));
    });
  }

  async function writerOfNodeRedis(): Promise<CheckedWriter> {
    const client = createSentinel({
      name: primaryName,
      sentinelRootNodes: servers.sentinels.map((port) => ({ host: "127.0.0.1", port })),
    });
    client.on("error", () => {});
    await client.connect();
    closing.push(() => client.destroy());
    return new CheckedWriter("node-redis", async (key) => {
      // An error for one of them rejects.
      const [, wait] = await client.multi().set(key, key).addCommand(false, ["WAIT", "2", "200"]).execAsPipeline();
      return Number(wait);
    });
  }

  /** Waits until each client has written more, and both replicas have acknowledged it. */
  async function untilAllWriteMore(what: "acknowledged" | "answered"): Promise<void> {
    const count = (writer: CheckedWriter): number =>
      what === "answered" ? writer.answered : writer.acknowledged.length;
    const before = writers.map(count);
    await waitUntil(() => writers.every((writer, at) => count(writer) >= (before[at] as number) + 20), {
      what: `both clients to have more writes ${what}`,
      timeoutMs: 40_000,
    }).catch((error: unknown) => {
      const said = writers.map((writer, at) => `${writer.name}: ${count(writer) - (before[at] as number)}`).join(", ");
      throw new Error(`${said}\n${servers.log.slice(-6_000)}`, { cause: error });
    });
  }

  /** Every acknowledged write is on the primary and on its replicas. */
  async function expectNothingLost(): Promise<void> {
    const keys = writers.flatMap(({ acknowledged }) => acknowledged);
    for (const port of servers.ports) expect(await ask(port, "MGET", ...keys)).toEqual(keys);
  }

  test("follow SENTINEL FAILOVER, and the old primary becomes a replica", async () => {
    const old = await servers.primaryAfter();
    await untilAllWriteMore("acknowledged");
    await servers.failover();
    await servers.primaryAfter(old);
    // Two replicas acknowledge again only when the old primary is one of them.
    await untilAllWriteMore("acknowledged");
    expect(await ask(old, "ROLE")).toContain("slave");
    await expectNothingLost();
  }, 90_000);

  test("follow a failover after kill -9, and lose no write that two replicas have acknowledged", async () => {
    const old = await servers.primaryAfter();
    await untilAllWriteMore("acknowledged");
    await servers.kill(old);
    await servers.primaryAfter(old);
    await untilAllWriteMore("answered");
    await servers.startAgain(old);
    await untilAllWriteMore("acknowledged");
    expect(await ask(old, "ROLE")).toContain("slave");
    await expectNothingLost();
  }, 120_000);
});
