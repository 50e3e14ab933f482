import { afterEach, expect, test } from "bun:test";
import { RingInProcess } from "./ring-in-process.ts";

const apartMs = 5000;
let ring: RingInProcess;

afterEach(() => ring.stop());

for (const [what, byMs] of [
  ["ahead of", apartMs],
  ["behind", -apartMs],
] as const) {
  test(`a node whose clock is seconds ${what} that of the primary takes over, and no key comes back that was gone`, async () => {
    ring = await RingInProcess.start();
    const former = ring.primary;
    const others = [0, 1, 2].filter((node) => node !== former);
    for (const node of others) {
      await ring.nodes[node]?.close();
      await ring.until("to know that it left", () => ring.statusOf(former)?.inSync.length === 2);
      await ring.startNode(node, { nowMs: () => Date.now() + byMs });
      await ring.untilInSync();
    }
    expect(ring.primary).toBe(former);
    const client = await ring.connect(others[0] as number);
    await client.replies([
      ["SET", "short", "1", "PX", 100],
      ["SET", "long", "1", "PX", 3_600_000],
    ]);
    while ((await client.reply("GET", "short")).text !== null) await Bun.sleep(10);
    await ring.nodes[former]?.close();
    await ring.until("to be served by another node", () => others.includes(ring.primary));
    expect((await client.reply("GET", "short")).text).toBeNull();
    expect((await client.reply("GET", "long")).text).toBe("1");
    client.close();
  }, 60_000);
}
