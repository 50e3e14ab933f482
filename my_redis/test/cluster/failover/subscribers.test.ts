import { afterEach, expect, test } from "bun:test";
import { RingInProcess } from "./ring-in-process.ts";

let ring: RingInProcess;

afterEach(() => ring.stop());

test("keys do not expire by a primary without a lease: it could tell nobody, and would end the connections instead", async () => {
  ring = await RingInProcess.start({ hz: "100" });
  const { primary } = ring;
  const { server } = ring.nodes[primary]!;
  const { keyspace, observers } = server;
  const client = await ring.connect(primary);
  // The lease ends before.
  const expiryMs = Date.now() + 1500;
  await client.reply("SET", "key", "value", "PXAT", expiryMs);
  for (const node of ring.nodes.keys()) ring.silence(node);
  await ring.until("to have lost the lease", () => ring.primary < 0);
  await ring.until("to have an expired key", () => Date.now() > expiryMs);
  const { throughput } = observers;
  const sample = throughput.sample.bind(throughput);
  let ticks = 0;
  throughput.sample = (...now) => (ticks++, sample(...now));
  await ring.until("to have looked for expired keys", () => ticks > 5);
  expect(keyspace.databases[0]!.size).toBe(1);
  // That is what keeps it: nothing else does.
  const { expired } = server.activeExpiry.run({ effort: 10, nowMs: Date.now(), spent: () => false });
  expect(expired).toBe(1);
  client.close();
}, 30_000);

test("subscribers and caches stay connected when a place is handed over, and so does who writes what they are told of", async () => {
  // Long enough that no lease ends while the machine is busy.
  ring = await RingInProcess.start({ "cluster-node-timeout": "3000", "notify-keyspace-events": "KEA" });
  const former = ring.primary;
  const other = (former + 1) % 3;
  const [listener, cache, writer] = await Promise.all([0, 1, 2].map(() => ring.connect(former)));
  await listener!.reply("PSUBSCRIBE", "__keyspace*");
  await cache!.replies([
    ["HELLO", 3],
    ["CLIENT", "TRACKING", "ON", "BCAST"],
  ]);
  // As a replica it tells what comes from the primary, and as a primary again what its own clients write.
  for (const primary of [former, other, former]) {
    await ring.handOver(primary);
    const key = `written when node ${primary} serves`;
    expect((await writer!.reply("SET", key, "value")).text).toBe("OK");
    expect((await listener!.next()).items?.map(({ text }) => text).slice(2)).toEqual([`__keyspace@0__:${key}`, "set"]);
    // Before it come the keys of earlier rounds: a replica tells of them, too, and says that all keys may have changed.
    const told = async () => (await cache!.next()).items?.[1]?.items?.map(({ text }) => text);
    while ((await told())?.[0] !== key);
  }
  for (const each of [listener!, cache!, writer!]) each.close();
}, 60_000);
