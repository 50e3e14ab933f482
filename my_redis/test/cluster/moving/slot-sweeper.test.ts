import { afterEach, expect, test } from "bun:test";
import { waitUntil } from "../../../../tools/test-services/index.ts";
import { hashSlot } from "../../../src/cluster/hash-slot.ts";
import { noSlots, type SlotFlags } from "../../../src/cluster/moving/slot-flags.ts";
import { removalEntry } from "../../../src/cluster/moving/move-cursors.ts";
import { SlotSweeper } from "../../../src/cluster/moving/slot-sweeper.ts";
import type { Turn } from "../../../src/network/turn.ts";
import { type OpenServer, startOpenServer } from "../../../src/start-server.ts";
import { freePorts } from "../../../../tools/test-services/index.ts";
import { RespConnection } from "../../differential/harness/resp-connection.ts";
import { recordUnits } from "./recorded-units.ts";

let open: OpenServer;
let client: RespConnection;
let sweeper: SlotSweeper;

afterEach(async () => {
  sweeper.stop();
  client.close();
  await open.close();
});

const all = noSlots().fill(1);
const half = noSlots().fill(1, 0, 8192);
const isIn = (slots: SlotFlags, key: string): boolean => slots[hashSlot(Buffer.from(key), 0, key.length)] === 1;

/** A server of which a sweeper removes slots. A slice of its walk visits a few keys. */
async function start(done: () => void, run = (work: () => void): void => work()) {
  const [port] = (await freePorts(1)) as [number];
  let nowMs = 0;
  const environment = { monotonicMs: () => (nowMs += 0.05) };
  open = await startOpenServer({
    ...{ bind: "127.0.0.1", port, memory: true, "enable-debug-command": "yes", environment },
  });
  client = await RespConnection.open(port, "a server");
  const { server } = open;
  const turn = { run } as Turn;
  sweeper = new SlotSweeper({ server, turn, mayChange: () => true, done });
  return { keyspace: server.keyspace, server };
}

test("a slot that was to be emptied for a part of a walk alone does not count as empty", async () => {
  const keys = Array.from({ length: 4000 }, (_, number) => `k${number}`);
  let walks = 0;
  const { keyspace } = await start(() => {
    walks++;
    if (walks > 1) return;
    expect(keyspace.databases[0]?.size).toBeGreaterThan(0);
    const isEmpty = keys.map((key) => sweeper.isEmpty(hashSlot(Buffer.from(key), 0, key.length)));
    expect(isEmpty).toEqual(keys.map((key) => isIn(half, key)));
  });
  await client.replies(keys.map((key) => ["SET", key, "value"]));
  sweeper.empty(all);
  // The other half is left alone until some of its keys were passed by.
  sweeper.empty(half);
  await waitUntil(() => sweeper.removedKeys > 100, { what: "a part of a walk", timeoutMs: 10_000, intervalMs: 0 });
  expect(walks).toBe(0);
  sweeper.empty(all);
  await waitUntil(() => walks === 1, { what: "the end of the walk", timeoutMs: 10_000, intervalMs: 0 });
  await waitUntil(() => !sweeper.isRunning, { what: "another walk", timeoutMs: 10_000, intervalMs: 0 });
  expect(walks).toBe(2);
  expect(keyspace.databases[0]?.size).toBe(0);
});

test("expired keys are removed as well, and replicas are told", async () => {
  const { keyspace, server } = await start(() => {});
  await client.replies([
    ["DEBUG", "SET-ACTIVE-EXPIRE", 0],
    ["SET", "key", "value", "PX", 1],
  ]);
  // Keys of other seats do not expire by themselves.
  keyspace.isHidden = () => true;
  await Bun.sleep(5);
  const units = recordUnits(server);
  sweeper.empty(all);
  await waitUntil(() => !sweeper.isRunning, { what: "the walk", timeoutMs: 10_000, intervalMs: 0 });
  expect(keyspace.databases[0]?.size).toBe(0);
  expect(units).toEqual([[["UNLINK", "key"], removalEntry.map(String)]]);
  expect(keyspace.statistics.expired).toBe(0);
});

test("one command removes the keys of some buckets, and a slice ends after a few such commands", async () => {
  const removed: number[] = [];
  const { keyspace, server } = await start(
    () => {},
    (work) => {
      const before = sweeper.removedKeys;
      work();
      removed.push(sweeper.removedKeys - before);
    },
  );
  const keys = Array.from({ length: 4000 }, (_, number) => `k${number}`);
  await client.replies(keys.map((key) => ["SET", key, "value"]));
  const units = recordUnits(server);
  sweeper.empty(all);
  await waitUntil(() => !sweeper.isRunning, { what: "the walk", timeoutMs: 10_000, intervalMs: 0 });
  expect(keyspace.databases[0]?.size).toBe(0);
  const removals = units.flat().filter(([command]) => command === "UNLINK");
  expect(removals.flatMap(([, ...names]) => names).toSorted()).toEqual(keys.toSorted());
  expect(units.length).toBeLessThan(keys.length / 4);
  expect(Math.max(...removed)).toBeLessThan(keys.length / 4);
});

test("clients are told of no removal: the keys go on at their new owner", async () => {
  const { keyspace } = await start(() => {});
  const [listener, reader] = await Promise.all(
    ["a listener", "a reader"].map((name) => RespConnection.open(open.port, name)),
  );
  await client.replies([
    ["CONFIG", "SET", "notify-keyspace-events", "KEA"],
    ["SET", "key", "value"],
  ]);
  await listener!.reply("PSUBSCRIBE", "__key*");
  await reader!.replies([
    ["HELLO", 3],
    ["CLIENT", "TRACKING", "ON", "BCAST"],
  ]);
  sweeper.empty(all);
  await waitUntil(() => !sweeper.isRunning, { what: "the walk", timeoutMs: 10_000, intervalMs: 0 });
  expect(keyspace.databases[0]?.size).toBe(0);
  // What is told of later changes comes first.
  await client.reply("SET", "later", "value");
  expect((await listener!.next()).items?.at(-1)?.text).toBe("set");
  expect((await reader!.next()).items?.[1]?.items?.map(({ text }) => text)).toEqual(["later"]);
  for (const each of [listener!, reader!]) each.close();
});
