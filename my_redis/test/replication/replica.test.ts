import { describe, expect, test } from "bun:test";
import { freePort, requireService, waitUntil } from "../../../tools/test-services/index.ts";
import { startOpenServer } from "../../src/start-server.ts";
import {
  closedAfterEach,
  expectSameData,
  infoField,
  startMyRedis,
  startRedis,
  startServer,
  type TestServer,
  untilConnected,
} from "./replication-servers.ts";

const redis = requireService("redis");

describe.skipIf(redis.missing)(`MyRedis follows redis-server${redis.reason}`, () => {
  const started = closedAfterEach();

  const follow = (replica: TestServer, primary: TestServer): Promise<string> =>
    replica.ask("REPLICAOF", "127.0.0.1", primary.port);

  for (const diskless of ["yes", "no"]) {
    test(`loads its snapshot, and applies its stream, with repl-diskless-sync ${diskless}`, async () => {
      const primary = await started(startRedis({ "repl-diskless-sync": diskless }));
      await primary.ask("SET", "before", "1");
      await primary.ask("SELECT", "3");
      await primary.ask("RPUSH", "list", "a", "b");
      const replica = await started(startMyRedis());
      await replica.ask("SET", "of its own", "1");
      expect(await follow(replica, primary)).toBe("+OK");
      expect(await follow(replica, primary)).toBe("+OK Already connected to specified master");
      await untilConnected(replica);
      await primary.ask("SET", "after", "2", "PX", "100000");
      await primary.ask("EVAL", "redis.call('SET', 'x', ARGV[1]) redis.call('INCR', 'n') return 1", "0", "y");
      await expectSameData(primary, replica);
      expect(await infoField(primary, "slave0")).toMatch(new RegExp(`port=${replica.port},state=online`));
      expect(await replica.ask("CLIENT", "LIST", "TYPE", "master")).toContain("flags=M");
    }, 60_000);
  }

  test("refuses writes of clients, and takes them after REPLICAOF NO ONE", async () => {
    const primary = await started(startRedis());
    const replica = await started(startMyRedis({ replicaof: `127.0.0.1 ${primary.port}` }));
    await untilConnected(replica);
    expect(await replica.ask("SET", "a", "1")).toBe("-READONLY You can't write against a read only replica.");
    expect(await replica.ask("EVAL", "return redis.call('SET', 'a', '1')", "0")).toContain("READONLY");
    expect(await replica.ask("REPLICAOF", "NO", "ONE")).toBe("+OK");
    expect(await replica.ask("SET", "a", "1")).toBe("+OK");
  }, 60_000);

  test("goes on where it was after the connection was cut", async () => {
    const primary = await started(startRedis());
    const replica = await started(startMyRedis());
    await follow(replica, primary);
    await untilConnected(replica);
    await primary.ask("CLIENT", "KILL", "TYPE", "replica");
    await primary.ask("SET", "meanwhile", "1");
    await expectSameData(primary, replica);
    expect(replica.log()).toContain("the primary goes on at offset");
    expect(replica.log().match(/the primary sends all data/g)).toHaveLength(1);
  }, 60_000);

  test("applies nothing while a script of its own is paused", async () => {
    const primary = await started(startRedis());
    const replica = await started(startMyRedis({ "busy-reply-threshold": "20" }));
    await follow(replica, primary);
    await untilConnected(replica);
    await primary.ask("SET", "key", "before");
    await expectSameData(primary, replica);
    const script = await replica.connect();
    script.send([
      "EVAL",
      "local first = redis.call('GET', 'key') while true do if redis.call('GET', 'key') ~= first then return 1 end end",
      "0",
    ]);
    await waitUntil(async () => (await replica.ask("GET", "key")).startsWith("-BUSY"), {
      what: "the script to be paused",
      timeoutMs: 10_000,
    });
    await primary.ask("SET", "key", "after");
    // The change has most likely arrived then. If not, this test shows less, and does not fail.
    await Bun.sleep(300);
    await replica.ask("SCRIPT", "KILL");
    expect(JSON.stringify(await script.next())).toContain("Script killed");
    script.close();
    await expectSameData(primary, replica);
    expect(await replica.ask("GET", "key")).toContain("after");
  }, 60_000);

  test("a transaction that makes it a primary is logged whole", async () => {
    const primary = await started(startRedis());
    const replica = await startMyRedis({ appendonly: "yes" });
    await follow(replica, primary);
    await untilConnected(replica);
    const client = await replica.connect();
    await client.replies([["MULTI"], ["REPLICAOF", "NO", "ONE"], ["EXEC"]]);
    await client.replies([["MULTI"], ["SET", "a", "1"], ["REPLICAOF", "NO", "ONE"], ["SET", "b", "2"], ["EXEC"]]);
    client.close();
    const { dir } = replica.inner.server.settings.values;
    const digest = await replica.ask("DEBUG", "DIGEST");
    await replica.close();
    const again = await started(startMyRedis({ appendonly: "yes", dir }));
    expect(await again.ask("DEBUG", "DIGEST")).toBe(digest);
    expect(await again.ask("GET", "b")).toContain("2");
  }, 60_000);

  test("hides an expired key, which only the primary removes", async () => {
    const primary = await started(startRedis());
    await primary.ask("DEBUG", "SET-ACTIVE-EXPIRE", "0");
    const replica = await started(startMyRedis());
    await follow(replica, primary);
    await untilConnected(replica);
    await primary.ask("SET", "short", "1", "PX", "30");
    await waitUntil(async () => (await replica.ask("DBSIZE")) === ":1", { what: "the key", timeoutMs: 10_000 });
    await waitUntil(async () => (await replica.ask("GET", "short")) === "$nil", {
      what: "the key to be hidden",
      timeoutMs: 10_000,
    });
    expect(await replica.ask("DBSIZE")).toBe(":1");
    await primary.ask("GET", "short");
    await waitUntil(async () => (await replica.ask("DBSIZE")) === ":0", { what: "the DEL to come", timeoutMs: 10_000 });
  }, 60_000);

  test("answers MASTERDOWN where stale data is not to be served", async () => {
    const primary = await started(startRedis());
    const replica = await started(startMyRedis({ "replica-serve-stale-data": "no" }));
    await follow(replica, primary);
    await untilConnected(replica);
    expect(await replica.ask("GET", "a")).not.toContain("MASTERDOWN");
    await primary.service.kill("SIGKILL");
    await waitUntil(async () => (await replica.ask("GET", "a")).startsWith("-MASTERDOWN"), {
      what: "MASTERDOWN",
      timeoutMs: 10_000,
    });
    expect(await replica.ask("PING")).toContain("MASTERDOWN");
    expect(await replica.ask("INFO", "replication")).toContain("master_link_status:down");
  }, 60_000);

  test("keeps what it was sent in its own log", async () => {
    const primary = await started(startRedis());
    await primary.ask("SET", "before", "1");
    const replica = await startMyRedis({ appendonly: "yes" });
    await replica.ask("SET", "of its own", "1");
    await follow(replica, primary);
    await untilConnected(replica);
    await primary.ask("SET", "after", "1");
    await expectSameData(primary, replica);
    await waitUntil(async () => (await replica.ask("INFO", "persistence")).includes("aof_enabled:1"), {
      what: "the log to begin anew",
      timeoutMs: 10_000,
    });
    await waitUntil(async () => (await replica.ask("INFO", "persistence")).includes("aof_rewrite_in_progress:0"), {
      what: "the base of the log",
      timeoutMs: 10_000,
    });
    const { dir } = replica.inner.server.settings.values;
    const digest = await replica.ask("DEBUG", "DIGEST");
    await replica.close();
    const again = await started(startMyRedis({ appendonly: "yes", dir }));
    expect(await again.ask("DEBUG", "DIGEST")).toBe(digest);
    expect(await again.ask("GET", "of its own")).not.toContain("1");
  }, 60_000);

  test("logs in with masteruser and masterauth", async () => {
    const primary = await started(startRedis({ user: "copier on >secret +@all ~* &*" }));
    const replica = await started(startMyRedis({ masteruser: "copier", masterauth: "wrong" }));
    await follow(replica, primary);
    await waitUntil(() => replica.log().includes("the primary refuses AUTH"), {
      what: "the refusal",
      timeoutMs: 10_000,
    });
    await replica.ask("CONFIG", "SET", "masterauth", "secret");
    await untilConnected(replica);
  }, 60_000);
});

describe("REPLICAOF is refused", () => {
  test("by a node of a ring, as PSYNC is", async () => {
    const port = await freePort();
    const node = await startMyRedis({ port: String(port), self: `127.0.0.1:${port}` });
    expect(await node.ask("REPLICAOF", "127.0.0.1", "1")).toBe("-ERR REPLICAOF not allowed in cluster mode.");
    expect(await node.ask("PSYNC", "?", "-1")).toBe("-ERR a node of a ring whose members are fixed has no replicas");
    await node.close();
  });

  test("by a server that writes no file, at its start and later", async () => {
    const refusal = "a server that keeps everything in memory cannot take in the snapshot of a primary";
    const starting = startOpenServer({ port: 0, memory: true, replicaof: ["127.0.0.1", "1"] });
    expect(starting).rejects.toThrow(`replicaof: ${refusal}`);
    await starting.catch(() => {});
  });
});

describe.skipIf(redis.missing)(`chains and changes of roles${redis.reason}`, () => {
  const started = closedAfterEach();

  for (const kinds of [
    ["MyRedis", "MyRedis", "MyRedis"],
    ["redis-server", "MyRedis", "redis-server"],
    ["MyRedis", "redis-server", "MyRedis"],
  ] as const) {
    test(`${kinds.join(" → ")}: a replica of a replica, and a change of roles without a full synchronisation`, async () => {
      const [first, second, third] = [
        await started(startServer(kinds[0])),
        await started(startServer(kinds[1])),
        await started(startServer(kinds[2])),
      ];
      await first.ask("SELECT", "2");
      await first.ask("SET", "a", "1");
      await second.ask("REPLICAOF", "127.0.0.1", first.port);
      await untilConnected(second);
      await third.ask("REPLICAOF", "127.0.0.1", second.port);
      await untilConnected(third);
      await first.ask("SET", "b", "2");
      await first.ask("SELECT", "1");
      await first.ask("SET", "c", "3");
      await expectSameData(first, third);
      const id = await infoField(first, "master_replid");
      expect(await infoField(third, "master_replid")).toBe(id as string);
      // The middle one takes over; the first one becomes its replica.
      await second.ask("REPLICAOF", "NO", "ONE");
      await second.ask("SET", "d", "4");
      await first.ask("REPLICAOF", "127.0.0.1", second.port);
      await expectSameData(second, first);
      await expectSameData(second, third);
      expect(await infoField(second, "master_replid2")).toBe(id as string);
      await second.ask("SET", "e", "5");
      await expectSameData(second, first);
      for (const server of [first, third]) {
        const full = server.name === "MyRedis" ? /the primary sends all data/g : /Full resync from master/g;
        expect(server.log().match(full) ?? []).toHaveLength(server === first ? 0 : 1);
      }
    }, 60_000);
  }

  test("a replica goes on at its sibling, in the database that the stream has selected", async () => {
    const primary = await started(startMyRedis());
    const one = await started(startMyRedis({ replicaof: `127.0.0.1 ${primary.port}` }));
    const two = await started(startMyRedis({ replicaof: `127.0.0.1 ${primary.port}` }));
    await untilConnected(one);
    await untilConnected(two);
    await primary.ask("SELECT", "3");
    await primary.ask("SET", "a", "1");
    await expectSameData(primary, one);
    await expectSameData(primary, two);
    await two.ask("REPLICAOF", "127.0.0.1", one.port);
    await untilConnected(two);
    await primary.ask("SET", "b", "2");
    await expectSameData(primary, two);
    expect(two.log().match(/the primary sends all data/g)).toHaveLength(1);
  }, 60_000);

  test("WAIT, ROLE and min-replicas-to-write count the replicas", async () => {
    const primary = await started(startMyRedis());
    const replica = await started(startRedis({ replicaof: `127.0.0.1 ${primary.port}` }));
    await untilConnected(replica);
    await primary.ask("SET", "a", "1");
    expect(await primary.ask("WAIT", "1", "10000")).toBe(":1");
    await replica.service.kill("SIGSTOP");
    await primary.ask("SET", "a", "2");
    expect(await primary.ask("WAIT", "1", "100")).toBe(":0");
    await replica.service.kill("SIGCONT");
    expect(await primary.ask("WAIT", "1", "10000")).toBe(":1");
    expect(await primary.ask("ROLE")).toContain(String(replica.port));
    expect(await primary.ask("CONFIG", "SET", "min-replicas-to-write", "2")).toBe("+OK");
    expect(await primary.ask("SET", "a", "3")).toBe("-NOREPLICAS Not enough good replicas to write.");
    expect(await primary.ask("CONFIG", "SET", "min-replicas-to-write", "1")).toBe("+OK");
    expect(await primary.ask("SET", "a", "3")).toBe("+OK");
  }, 60_000);
});
