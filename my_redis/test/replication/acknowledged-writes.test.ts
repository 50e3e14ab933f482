import { describe, expect, test } from "bun:test";
import { requireService, waitUntil } from "../../../tools/test-services/index.ts";
import {
  closedAfterEach,
  infoField,
  startMyRedis,
  startRedis,
  startServer,
  untilConnected,
} from "./replication-servers.ts";

const redis = requireService("redis");

describe.skipIf(redis.missing)(`WAIT${redis.reason}`, () => {
  const started = closedAfterEach();

  test("waits for what this client has done, as redis-server's does, and not for what others have written", async () => {
    const transcripts: string[][] = [];
    for (const kind of ["redis-server", "MyRedis"] as const) {
      const primary = await started(startServer(kind));
      const replica = await started(startRedis({ replicaof: `127.0.0.1 ${primary.port}` }));
      await untilConnected(replica);
      const [idle, early, reader, writer] = [
        await primary.connect(),
        await primary.connect(),
        await primary.connect(),
        await primary.connect(),
      ] as const;
      await early.reply("SET", "a", "1");
      const wait = async (client: typeof idle): Promise<string> =>
        String((await client.reply("WAIT", "1", "200")).text);
      await waitUntil(async () => (await wait(early)) === "1", { what: "the replica", timeoutMs: 20_000 });
      await replica.service.kill("SIGSTOP");
      await writer.reply("SET", "b", "1");
      await reader.reply("GET", "b");
      const said = [await wait(idle), await wait(writer), await wait(reader)];
      const inTransaction = await writer.replies([["MULTI"], ["SET", "c", "1"], ["WAIT", "1", "0"], ["EXEC"]]);
      said.push(JSON.stringify(inTransaction), await wait(writer));
      await replica.service.kill("SIGCONT");
      said.push(String((await writer.reply("WAIT", "1", "0")).text), await wait(reader));
      transcripts.push(said);
      for (const client of [idle, early, reader, writer]) client.close();
    }
    expect(transcripts[1]).toEqual(transcripts[0] as string[]);
    expect(transcripts[1]?.slice(0, 2)).toEqual(["1", "0"]);
  }, 60_000);

  test("a replica acknowledges when nothing more comes, before the second is over", async () => {
    const primary = await started(startMyRedis());
    // Its clock stands still, so that the acknowledgement of each second never comes.
    const replica = await started(startMyRedis({ replicaof: `127.0.0.1 ${primary.port}` }, { monotonicMs: () => 1e9 }));
    await untilConnected(replica);
    await primary.ask("SET", "key", "1");
    const end = await infoField(primary, "master_repl_offset");
    await waitUntil(async () => (await infoField(primary, "slave0"))?.includes(`offset=${end},`) === true, {
      what: "the acknowledgement",
      timeoutMs: 10_000,
    });
  }, 60_000);

  test("waits for what a client has written that was blocked, or whose script was paused", async () => {
    const primary = await started(startMyRedis({ "busy-reply-threshold": "20" }));
    const replica = await started(startRedis({ replicaof: `127.0.0.1 ${primary.port}` }));
    await untilConnected(replica);
    const [popper, script] = [await primary.connect(), await primary.connect()] as const;
    await replica.service.kill("SIGSTOP");
    popper.send(["BLPOP", "list", "0"]);
    script.send([
      "EVAL",
      "for number = 1, 400000 do redis.call('GET', 'key') end return redis.call('SET', 'late', '1')",
      "0",
    ]);
    await waitUntil(async () => (await primary.ask("GET", "key")).startsWith("-BUSY"), {
      what: "the script to be paused",
      timeoutMs: 10_000,
    });
    expect((await script.next()).text).toBe("OK");
    await primary.ask("RPUSH", "list", "element");
    await popper.next();
    for (const client of [popper, script]) {
      expect((await client.reply("WAIT", "1", "100")).text).toBe("0");
      client.close();
    }
    await replica.service.kill("SIGCONT");
  }, 60_000);

  test("asks the replicas once, and not again and again", async () => {
    const primary = await started(startMyRedis());
    const replica = await started(startMyRedis({ replicaof: `127.0.0.1 ${primary.port}` }));
    await untilConnected(replica);
    const client = await primary.connect();
    await client.reply("SET", "a", "1");
    const before = primary.inner.server.replication?.status.offset ?? 0;
    expect((await client.reply("WAIT", "2", "300")).text).toBe("1");
    const question = "*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n".length;
    const sent = (primary.inner.server.replication?.status.offset ?? 0) - before;
    expect(sent).toBeGreaterThanOrEqual(question);
    // A sign of life may be among it.
    expect(sent).toBeLessThan(2 * question);
    client.close();
  }, 60_000);
});

describe("WAITAOF", () => {
  const started = closedAfterEach();

  test("is answered when it is asked while the log begins", async () => {
    const server = await started(startMyRedis());
    const client = await server.connect();
    for (let batch = 0; batch < 50; batch++) {
      const words = Array.from({ length: 200 }, (_, index) => [`key ${batch} ${index}`, "x".repeat(500)]).flat();
      await client.reply("MSET", ...words);
    }
    client.send(["CONFIG", "SET", "appendonly", "yes"], ["SET", "a", "1"], ["WAITAOF", "1", "0", "20000"]);
    const replies = [await client.next(), await client.next(), await client.next()];
    expect(JSON.stringify(replies[2]?.items?.map(({ text }) => text))).toBe('["1","0"]');
    client.close();
  }, 60_000);

  test("refuses what Redis 7.2 refuses", async () => {
    const server = await started(startMyRedis());
    const replies: [string[], string][] = [
      [["1", "0", "0"], "-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled."],
      [["2", "0", "0"], "-ERR value is out of range, value must between 0 and 1"],
      [["-1", "0", "0"], "-ERR value is out of range, value must between 0 and 1"],
      [["x", "0", "0"], "-ERR value is not an integer or out of range"],
      [["0", "-1", "0"], "-ERR value is out of range, must be positive"],
      [["0", "0", "-1"], "-ERR timeout is negative"],
      [["0", "0", "x"], "-ERR timeout is not an integer or out of range"],
      [["0", "0", "0"], "*[:0 :0]"],
      [["0", "1", "20"], "*[:0 :0]"],
    ];
    for (const [words, reply] of replies) expect(await server.ask("WAITAOF", ...words)).toBe(reply);
    const replica = await started(startMyRedis({ replicaof: `127.0.0.1 ${server.port}` }));
    expect(await replica.ask("WAITAOF", "0", "0", "0")).toStartWith(
      "-ERR WAITAOF cannot be used with replica instances.",
    );
  }, 60_000);

  for (const policy of ["always", "everysec"]) {
    test(`waits for this server's disk with appendfsync ${policy}`, async () => {
      const server = await started(startMyRedis({ appendonly: "yes", appendfsync: policy }));
      await server.ask("INCR", "a");
      expect(await server.ask("WAITAOF", "1", "0", "0")).toBe("*[:1 :0]");
    }, 60_000);
  }

  test("does not claim what the disk does not have, and learns that the log was turned off", async () => {
    const server = await started(startMyRedis({ appendonly: "yes", appendfsync: "no" }));
    await server.ask("INCR", "a");
    expect(await server.ask("WAITAOF", "1", "0", "50")).toBe("*[:0 :0]");
    const client = await server.connect();
    client.send(["INCR", "a"], ["WAITAOF", "1", "0", "0"]);
    expect((await client.next()).text).toBe("2");
    await server.ask("CONFIG", "SET", "appendonly", "no");
    expect((await client.next()).text).toBe(
      "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.",
    );
    client.close();
  }, 60_000);

  test("counts the replicas whose disks have it", async () => {
    const primary = await started(startMyRedis());
    const withLog = { appendonly: "yes", appendfsync: "everysec" };
    const synced = await started(startMyRedis({ ...withLog, replicaof: `127.0.0.1 ${primary.port}` }));
    const never = await started(startMyRedis({ replicaof: `127.0.0.1 ${primary.port}` }));
    await untilConnected(synced);
    await untilConnected(never);
    const client = await primary.connect();
    await client.reply("INCR", "a");
    expect(JSON.stringify(await client.reply("WAITAOF", "0", "1", "0"))).toContain('"1"');
    await client.reply("INCR", "a");
    expect(JSON.stringify((await client.reply("WAITAOF", "0", "2", "2500")).items?.map(({ text }) => text))).toBe(
      '["0","1"]',
    );
    client.close();
  }, 60_000);
});
