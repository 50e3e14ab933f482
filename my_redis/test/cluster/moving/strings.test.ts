import { afterEach, expect, test } from "bun:test";
import type { RingOfProcesses } from "../crash/ring-of-processes.ts";
import { changeRing, startMovingRing, untilMoved, weightsOf } from "./moving-ring.ts";

let ring: RingOfProcesses;

afterEach(() => ring.stop());

test("slots move with their keys, and every node finds them where they are now", async () => {
  ring = await startMovingRing(2, 1);
  const client = await ring.connect(0);
  const keys = Array.from({ length: 2000 }, (_, number) => `key:${number}`);
  for (const key of keys) expect((await client.reply("SET", key, `value of ${key}`)).text).toBe("OK");
  const version = await changeRing(ring, weightsOf(ring, 3, 1));
  await untilMoved(ring, version);
  expect(Number((await ring.info(0))?.get("cluster_table_version"))).toBeGreaterThan(version + 6);
  for (const node of [0, 1]) {
    const other = await ring.connect(node);
    for (const key of keys) expect((await other.reply("GET", key)).text).toBe(`value of ${key}`);
    expect(await other.reply("DBSIZE")).toMatchObject({ text: `${keys.length}` });
    other.close();
  }
  client.close();
}, 60_000);
