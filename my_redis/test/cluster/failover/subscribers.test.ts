import { afterEach, expect, test } from "bun:test";
import { RingInProcess } from "./ring-in-process.ts";

let ring: RingInProcess;

afterEach(() => ring.stop());

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
