import { afterEach, expect, test } from "bun:test";
import { RingInProcess } from "./ring-in-process.ts";

let ring: RingInProcess;

afterEach(() => ring.stop());

test("a replica with data follows a primary that was emptied while it was away: the ring has agreed on whose data counts", async () => {
  ring = await RingInProcess.start({ "replica-refuse-empty-primary": "yes", "repl-backlog-size": "16384" });
  const former = ring.primary;
  const [away, other] = [(former + 1) % 3, (former + 2) % 3];
  const client = await ring.connect(former);
  expect((await client.reply("SET", "key", "value")).text).toBe("OK");
  await ring.untilInSync();
  await ring.nodes[away]?.close();
  await ring.until("to know that it left", () => ring.statusOf(former)?.inSync.length === 2);
  for (let number = 0; number < 32; number++) await client.reply("SET", "much", "x".repeat(1024));
  expect((await client.reply("FLUSHALL")).text).toBe("OK");
  client.close();
  await ring.nodes[former]?.close();
  await ring.startNode(away);
  await ring.until("to be served by the other one", () => ring.primary === other);
  await ring.startNode(former);
  await ring.untilInSync();
}, 60_000);
