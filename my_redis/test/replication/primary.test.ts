import { describe, expect, test } from "bun:test";
import { requireService, waitUntil } from "../../../tools/test-services/index.ts";
import {
  closedAfterEach,
  expectSameData,
  infoField,
  startMyRedis,
  startRedis,
  type TestServer,
  untilConnected,
} from "./replication-servers.ts";

const redis = requireService("redis");

describe.skipIf(redis.missing)(`redis-server follows MyRedis${redis.reason}`, () => {
  const started = closedAfterEach();

  const replicaOf = (primary: TestServer): Promise<Awaited<ReturnType<typeof startRedis>>> =>
    started(startRedis({ replicaof: `127.0.0.1 ${primary.port}` }));

  test("gets a snapshot and then every change", async () => {
    const primary = await started(startMyRedis());
    await primary.ask("SET", "before", "1");
    await primary.ask("SELECT", "3");
    await primary.ask("RPUSH", "list", "a", "b");
    await primary.ask("SELECT", "0");
    const replica = await replicaOf(primary);
    await untilConnected(replica);
    await primary.ask("SET", "after", "2", "PX", "100000");
    await primary.ask("SELECT", "5");
    await primary.ask("HSET", "hash", "f", "v");
    await primary.ask("EVAL", "redis.call('SET', 'x', ARGV[1]) redis.call('INCR', 'n') return 1", "0", "y");
    await expectSameData(primary, replica);
    expect(await infoField(primary, "connected_slaves")).toBe("1");
    expect(await infoField(primary, "slave0")).toMatch(/^ip=127\.0\.0\.1,port=\d+,state=online,offset=\d+,lag=[01]$/);
    expect(await infoField(primary, "master_replid")).toBe((await infoField(replica, "master_replid")) as string);
    expect(await primary.ask("CLIENT", "LIST", "TYPE", "replica")).toContain("flags=S");
  }, 60_000);

  test("that comes later gets the changes in the right database", async () => {
    const primary = await started(startMyRedis());
    const first = await replicaOf(primary);
    await untilConnected(first);
    await primary.ask("SELECT", "3");
    await primary.ask("SET", "a", "1");
    const second = await replicaOf(primary);
    await untilConnected(second);
    await primary.ask("SET", "b", "2");
    await expectSameData(primary, second);
    await expectSameData(primary, first);
  }, 60_000);

  test("gets a transaction as one, and messages", async () => {
    const primary = await started(startMyRedis());
    const replica = await replicaOf(primary);
    await untilConnected(replica);
    const subscriber = await replica.connect();
    await subscriber.reply("SUBSCRIBE", "news");
    const client = await primary.connect();
    await client.replies([["MULTI"], ["SET", "a", "1"], ["SELECT", "2"], ["INCR", "n"], ["EXEC"]]);
    await client.replies([["PUBLISH", "news", "hello"]]);
    expect(JSON.stringify(await subscriber.next())).toContain("hello");
    await expectSameData(primary, replica);
    subscriber.close();
    client.close();
  }, 60_000);

  test("gets what is written while the snapshot is sent", async () => {
    const primary = await started(startMyRedis());
    await primary.ask("DEBUG", "POPULATE", "20000", "key", "100");
    const writer = await primary.connect();
    const replica = await replicaOf(primary);
    let number = 0;
    await waitUntil(
      async () => {
        await writer.replies(
          Array.from({ length: 100 }, () => ["SET", `key:${(number += 7) % 20_000}`, `new ${number}`]),
        );
        return (await infoField(primary, "slave0"))?.includes("state=online") === true;
      },
      { what: "the replica to be online", timeoutMs: 30_000 },
    );
    expect(number).toBeGreaterThan(700);
    writer.close();
    await expectSameData(primary, replica);
  }, 60_000);

  test("goes on where it was after its connection was cut", async () => {
    const primary = await started(startMyRedis());
    const replica = await replicaOf(primary);
    await untilConnected(replica);
    expect(await primary.ask("CLIENT", "KILL", "TYPE", "replica")).toBe(":1");
    await primary.ask("SET", "meanwhile", "1");
    await expectSameData(primary, replica);
    expect(replica.log()).toContain("Successful partial resynchronization with master");
    expect(primary.log()).toContain("goes on at offset");
  }, 60_000);

  test("gets everything anew when the backlog does not reach back far enough", async () => {
    const primary = await started(startMyRedis({ "repl-backlog-size": "16384" }));
    const replica = await replicaOf(primary);
    await untilConnected(replica);
    await replica.service.kill("SIGSTOP");
    await primary.ask("CLIENT", "KILL", "TYPE", "replica");
    for (let number = 0; number < 50; number++) await primary.ask("SET", `key:${number}`, "x".repeat(1000));
    await replica.service.kill("SIGCONT");
    await expectSameData(primary, replica);
    expect(primary.log().match(/asks for a full synchronisation/g)).toHaveLength(2);
  }, 60_000);

  test("is let go when it is too slow, and waits longer each time before it gets everything anew", async () => {
    const primary = await started(startMyRedis({ "client-output-buffer-limit": "replica 2mb 0 0" }));
    const replica = await replicaOf(primary);
    await untilConnected(replica);
    await replica.service.kill("SIGSTOP");
    const value = "x".repeat(500_000);
    await waitUntil(
      async () => {
        await primary.ask("SET", "large", value);
        return (await infoField(primary, "connected_slaves")) === "0";
      },
      { what: "the replica to be dropped", timeoutMs: 30_000 },
    );
    expect(primary.log()).toMatch(/is disconnected: it is too slow: \d+ bytes unread, and the hard limit is 2097152/);
    expect(primary.log()).toContain("Its next full synchronisation begins in");
    await replica.service.kill("SIGCONT");
    await expectSameData(primary, replica);
  }, 60_000);

  test("may lack as much as the backlog holds, whatever its limit, and frees the rest when it leaves", async () => {
    const limits = { "client-output-buffer-limit": "replica 100kb 0 0", "repl-backlog-size": "8mb" };
    const primary = await started(startMyRedis(limits));
    const replica = await replicaOf(primary);
    await untilConnected(replica);
    await primary.ask("SET", "large", "x".repeat(5_000_000));
    await expectSameData(primary, replica);
    expect(primary.log()).not.toContain("is disconnected");
    await primary.ask("CONFIG", "SET", "client-output-buffer-limit", "replica 0 0 0");
    await replica.service.kill("SIGSTOP");
    const kept = async (): Promise<number> =>
      Number(await infoField(primary, "mem_total_replication_buffers", "memory"));
    await waitUntil(
      async () => {
        await primary.ask("SET", "large", "x".repeat(5_000_000));
        return (await kept()) > 12_000_000;
      },
      { what: "more than the backlog to be kept", timeoutMs: 30_000 },
    );
    await primary.ask("CLIENT", "KILL", "TYPE", "replica");
    expect(await kept()).toBeLessThan(8_400_000);
    await replica.service.kill("SIGCONT");
    await expectSameData(primary, replica);
  }, 60_000);

  test("two replicas share one snapshot", async () => {
    const primary = await started(
      startMyRedis({ "repl-diskless-sync-delay": "60", "repl-diskless-sync-max-replicas": "2" }),
    );
    await primary.ask("SET", "key", "value");
    const first = await replicaOf(primary);
    const second = await replicaOf(primary);
    await expectSameData(primary, first);
    await expectSameData(primary, second);
    expect(primary.log().match(/full synchronisation of .*, .* begins/g)).toHaveLength(1);
  }, 60_000);

  test("keys expire by the primary's word", async () => {
    const primary = await started(startMyRedis());
    const replica = await replicaOf(primary);
    await untilConnected(replica);
    await primary.ask("SET", "short", "1", "PX", "50");
    await waitUntil(async () => (await replica.ask("DBSIZE")) === ":0" && (await primary.ask("DBSIZE")) === ":0", {
      what: "the key to expire on both",
      timeoutMs: 20_000,
    });
    await expectSameData(primary, replica);
  }, 60_000);
});
