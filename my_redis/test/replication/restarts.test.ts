import { afterEach, describe, expect, test } from "bun:test";
import { cpSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { propertySeed } from "../../../tools/property-seed.ts";
import { requireService, waitUntil } from "../../../tools/test-services/index.ts";
import { expectSameData, infoField, startRedis } from "./replication-servers.ts";
import { RestartedPair } from "./restarted-pair.ts";
import { RestartingServer, syncsOf } from "./restarting-server.ts";
import { pairs } from "./workload.ts";

const redis = requireService("redis");

describe.skipIf(redis.missing)(`a server that starts again${redis.reason}`, () => {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const each of open.splice(0).toReversed()) await each.close();
  });

  type Kind = "MyRedis" | "redis-server";
  type Directives = Readonly<Record<string, string>>;

  async function pairOf(
    [primaryKind, replicaKind]: readonly [Kind, Kind],
    { ofPrimary = {}, ofReplica = {} }: { ofPrimary?: Directives; ofReplica?: Directives } = {},
  ): Promise<readonly [RestartingServer, RestartingServer]> {
    const primary = await RestartingServer.start(primaryKind, ofPrimary);
    open.push(primary);
    const replicaof = `127.0.0.1 ${primary.server.port}`;
    const replica = await RestartingServer.start(replicaKind, { replicaof, ...ofReplica });
    open.push(replica);
    await primary.server.ask("SELECT", "3");
    await primary.server.ask("SET", "key", "1");
    await expectSameData(primary.server, replica.server);
    return [primary, replica];
  }

  const write = async ({ server }: RestartingServer, value: string): Promise<void> => {
    await server.ask("SELECT", "3");
    await server.ask("APPEND", "key", value);
  };

  for (const kinds of pairs) {
    const [primaryKind, replicaKind] = kinds;

    test(`${replicaKind} as the replica of ${primaryKind} goes on where it was`, async () => {
      const [primary, replica] = await pairOf(kinds);
      await replica.restart("orderly", () => write(primary, "2"));
      await write(primary, "3");
      await expectSameData(primary.server, replica.server);
      expect(syncsOf(replica)).toEqual({ full: 1, partial: 1 });
    }, 60_000);

    test(`the replica of ${primaryKind}, a ${replicaKind}, goes on when the primary is there again`, async () => {
      const [primary, replica] = await pairOf(kinds);
      await primary.restart();
      await write(primary, "2");
      await expectSameData(primary.server, replica.server);
      expect(syncsOf(replica)).toEqual({ full: 1, partial: 1 });
      expect(await infoField(primary.server, "second_repl_offset")).not.toBe("-1");
    }, 60_000);

    test(`the replica of ${primaryKind}, a ${replicaKind}, gets all data when the primary has an older snapshot`, async () => {
      const [primary, replica] = await pairOf(kinds);
      await primary.server.ask("SAVE");
      await write(primary, "lost");
      await expectSameData(primary.server, replica.server);
      await primary.restart("lost");
      await write(primary, "2");
      await expectSameData(primary.server, replica.server);
      expect(syncsOf(replica)).toEqual({ full: 2, partial: 0 });
      expect(await replica.server.ask("DEBUG", "DIGEST")).toBe(await primary.server.ask("DEBUG", "DIGEST"));
    }, 60_000);
  }

  test("with its log: a replica and a primary that ended in good order go on where they were", async () => {
    const appendonly = { appendonly: "yes", save: "" };
    const [primary, replica] = await pairOf(["MyRedis", "MyRedis"], { ofPrimary: appendonly, ofReplica: appendonly });
    await replica.restart("orderly", () => write(primary, "2"));
    await expectSameData(primary.server, replica.server);
    await primary.restart();
    await write(primary, "3");
    await expectSameData(primary.server, replica.server);
    expect(syncsOf(replica)).toEqual({ full: 1, partial: 2 });
  }, 60_000);

  test("a log counts only when nothing was written after its end: a server that has lost that gets all data", async () => {
    const appendonly = { appendonly: "yes", save: "" };
    const [primary, replica] = await pairOf(["redis-server", "MyRedis"], { ofReplica: appendonly });
    await replica.restart("orderly");
    await write(primary, "2");
    await expectSameData(primary.server, replica.server);
    const before = syncsOf(replica);
    const { dir } = replica;
    // What a kill would leave: the log as it is while the server runs.
    const copy = `${dir}-copy`;
    cpSync(dir, copy, { recursive: true });
    await replica.restart("lost", async () => {
      cpSync(join(copy, "appendonlydir"), join(dir, "appendonlydir"), { recursive: true, force: true });
    });
    await write(primary, "3");
    await expectSameData(primary.server, replica.server);
    expect(before).toEqual({ full: 1, partial: 1 });
    expect(syncsOf(replica)).toEqual({ full: 2, partial: 1 });
  }, 60_000);

  test("keys that expired while the primary was away are removed from the replica, too", async () => {
    const [primary, replica] = await pairOf(["MyRedis", "redis-server"]);
    await primary.server.ask("SET", "short", "1", "PX", "300");
    await expectSameData(primary.server, replica.server);
    await primary.restart("orderly", () => Bun.sleep(400));
    await write(primary, "2");
    await replica.server.ask("SELECT", "3");
    await waitUntil(async () => (await replica.server.ask("DBSIZE")) === (await primary.server.ask("DBSIZE")), {
      what: "the key to be removed",
      timeoutMs: 20_000,
    });
    await expectSameData(primary.server, replica.server);
    expect(syncsOf(replica)).toEqual({ full: 1, partial: 1 });
  }, 60_000);

  test("redis-server goes on with a snapshot that MyRedis has written as a replica", async () => {
    const [primary, replica] = await pairOf(["redis-server", "MyRedis"]);
    const { dir } = replica;
    await replica.server.ask("SAVE");
    await write(primary, "2");
    const other = await startRedis({ dir, replicaof: `127.0.0.1 ${primary.server.port}` });
    open.push(other);
    await expectSameData(primary.server, other);
    expect(other.log()).toContain("Successful partial resynchronization");
  }, 60_000);

  test("redis-server reads a log whose end says where replication stood", async () => {
    const [primary, replica] = await pairOf(["MyRedis", "redis-server"], {
      ofPrimary: { appendonly: "yes", save: "" },
    });
    await primary.restart("orderly");
    await expectSameData(primary.server, replica.server);
    const digest = await primary.server.ask("DEBUG", "DIGEST");
    await primary.restart("orderly", async () => {
      const log = readdirSync(join(primary.dir, "appendonlydir")).find((name) => name.endsWith(".incr.aof")) as string;
      expect(readFileSync(join(primary.dir, "appendonlydir", log), "latin1")).toMatch(
        /#REPLICATION:[0-9a-f]{40}:\d+:\d+\r\n/,
      );
      const reader = await startRedis({ dir: primary.dir, appendonly: "yes" });
      expect(await reader.ask("DEBUG", "DIGEST")).toBe(digest);
      await reader.close();
    });
  }, 60_000);

  for (const kinds of pairs) {
    test(`${kinds.join(" → ")}: the data is the same after a workload with restarts`, async () => {
      const pair = await RestartedPair.start(kinds);
      open.push(pair);
      await pair.run(propertySeed());
    }, 240_000);
  }
});
