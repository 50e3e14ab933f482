import { afterEach, describe, expect, test } from "bun:test";
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
