import { expect, test } from "bun:test";
import { noticeKinds } from "../../../src/cluster/failover/notices.ts";
import { RingInProcess } from "./ring-in-process.ts";

test("a handover whose replica does not catch up is given up, and the primary carries out what has waited", async () => {
  const ring = await RingInProcess.start({ "cluster-acknowledgement": "primary" });
  const { primary } = ring;
  const replica = (primary + 1) % 3;
  // The replica has everything, and its primary does not hear of it.
  for (const link of ring.clusterOf(replica).links) {
    const notify = link?.notify.bind(link);
    if (link === undefined || notify === undefined) continue;
    link.notify = (kind, payload) => {
      if (kind !== noticeKinds.progress) notify(kind, payload);
    };
  }
  const [client, operator] = [await ring.connect(primary), await ring.connect(replica)];
  expect((await client.reply("SET", "key", "before")).text).toBe("OK");
  expect((await operator.reply("CLUSTER", "FAILOVER")).text).toBe("OK");
  const { operators } = ring.clusterOf(primary).seat!;
  await ring.until("to hand over", () => operators.isHanding);
  client.send(["SET", "key", "after"]);
  await ring.until("to hold the request", () => ring.statusOf(primary)?.waitingRequests === 1);
  expect((await client.next()).text).toBe("OK");
  expect(operators.isHanding).toBe(false);
  expect(ring.primary).toBe(primary);
  expect((await client.reply("GET", "key")).text).toBe("after");
  for (const connection of [client, operator]) connection.close();
  await ring.stop();
}, 30_000);
