import { describe, expect, spyOn, test } from "bun:test";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { beginMeasured, pieceBytes, randomTexts } from "../persistence/measured-snapshot.ts";
import { closedAfterEach, expectSameData, infoField, startMyRedis, untilConnected } from "./replication-servers.ts";

const elements = randomTexts(20_000, 60);

describe("a replica that takes a snapshot", () => {
  const started = closedAfterEach();

  async function startPair() {
    const primary = await started(startMyRedis());
    const replica = await started(startMyRedis());
    await primary.ask("RPUSH", "list", ...elements);
    await primary.ask("SADD", "set", ...elements);
    await replica.ask("REPLICAOF", "127.0.0.1", primary.port);
    await untilConnected(replica);
    await waitUntil(async () => (await replica.ask("LLEN", "list")) === (await primary.ask("LLEN", "list")), {
      what: "the replica to have the list",
      timeoutMs: 20_000,
    });
    return { primary, replica };
  }

  const hasAll = async ({ primary, replica }: Awaited<ReturnType<typeof startPair>>): Promise<boolean> =>
    (await infoField(primary, "master_repl_offset")) === (await infoField(replica, "master_repl_offset"));

  test("takes a large value that its primary changes in pieces: the change waits for them", async () => {
    const pair = await startPair();
    const { primary, replica } = pair;
    const { end, sink } = beginMeasured(replica.inner);
    await primary.ask("RPUSH", "list", "last");
    await primary.ask("SET", "key", "value");
    await waitUntil(() => hasAll(pair), { what: "the replica to have the change", timeoutMs: 20_000 });
    expect(sink.sum).toBeGreaterThan(4 * pieceBytes);
    expect(sink.most).toBeLessThan(pieceBytes);
    end();
    await expectSameData(primary, replica);
  }, 60_000);

  test("does so for a transaction, too, and carries it out as a whole", async () => {
    const pair = await startPair();
    const { primary, replica } = pair;
    const { end, sink } = beginMeasured(replica.inner);
    const connection = await primary.connect();
    await connection.reply("MULTI");
    await connection.reply("SELECT", 1);
    await connection.reply("RPUSH", "list", "small");
    await connection.reply("SELECT", 0);
    await connection.reply("LPOP", "list");
    await connection.reply("SREM", "set", elements[7]!);
    await connection.reply("EXEC");
    connection.close();
    await waitUntil(() => hasAll(pair), { what: "the replica to have the transaction", timeoutMs: 20_000 });
    expect(sink.most).toBeLessThan(pieceBytes);
    end();
    await expectSameData(primary, replica);
  }, 60_000);

  test("says in INFO while changes wait for its snapshot", async () => {
    const pair = await startPair();
    const { primary, replica } = pair;
    const { end } = beginMeasured(replica.inner);
    const waits = (): Promise<string | undefined> => infoField(replica, "master_stream_waits_for_snapshot");
    expect(await waits()).toBeUndefined();
    // The snapshot takes nothing of the value for now.
    const takeUrgent = spyOn(replica.inner.server.keyspace.snapshot!, "takeUrgent").mockReturnValue(false);
    await primary.ask("RPUSH", "list", "last");
    await waitUntil(async () => (await waits()) === "1", {
      what: "the replica to say that it waits",
      timeoutMs: 20_000,
    });
    takeUrgent.mockRestore();
    await waitUntil(() => hasAll(pair), { what: "the replica to have the change", timeoutMs: 20_000 });
    expect(await waits()).toBeUndefined();
    end();
    await expectSameData(primary, replica);
  }, 60_000);

  test("goes on with a primary that has ended the connection in the middle, and loses nothing", async () => {
    const pair = await startPair();
    const { primary, replica } = pair;
    const { end, freeClock } = beginMeasured(replica.inner);
    await primary.ask("RPUSH", "list", "last");
    freeClock();
    await primary.ask("CLIENT", "KILL", "TYPE", "replica");
    await primary.ask("RPUSH", "list", "after");
    await waitUntil(() => hasAll(pair), { what: "the replica to have the change", timeoutMs: 20_000 });
    end();
    await expectSameData(primary, replica);
  }, 60_000);
});
