import { expect, test } from "bun:test";
import { noticeKinds } from "../../../src/cluster/failover/notices.ts";
import { RingInProcess } from "./ring-in-process.ts";

/** The primary does not hear how far this replica is. Call the result to end that. */
function withholdProgress(ring: RingInProcess, replica: number): () => void {
  let isWithheld = true;
  for (const link of ring.clusterOf(replica).links) {
    const notify = link?.notify.bind(link);
    if (link === undefined || notify === undefined) continue;
    link.notify = (kind, payload) => {
      if (!isWithheld || kind !== noticeKinds.progress) notify(kind, payload);
    };
  }
  return () => (isWithheld = false);
}

test("a handover whose replica does not catch up is given up, and the primary carries out what has waited", async () => {
  const ring = await RingInProcess.start({ "cluster-acknowledgement": "primary" });
  const { primary } = ring;
  const replica = (primary + 1) % 3;
  withholdProgress(ring, replica);
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

test("what waits at the former primary for clients of other nodes is carried out by the new one, in order", async () => {
  const ring = await RingInProcess.start({ "cluster-node-timeout": "2000", "cluster-acknowledgement": "primary" });
  const { primary } = ring;
  const [replica, other] = [(primary + 1) % 3, (primary + 2) % 3];
  const [client, queuing, operator] = [
    await ring.connect(other),
    await ring.connect(other),
    await ring.connect(replica),
  ];
  const goOn = withholdProgress(ring, replica);
  expect((await client.reply("SET", "key", "0")).text).toBe("OK");
  expect((await operator.reply("CLUSTER", "FAILOVER")).text).toBe("OK");
  const { operators } = ring.clusterOf(primary).seat!;
  await ring.until("to hand over", () => operators.isHanding);
  client.send(
    ["APPEND", "key", "1"],
    ["APPEND", "key", "2"],
    ["PING"],
    ["EVAL", "return redis.call('GET', KEYS[1])", 1, "key"],
  );
  queuing.send(["MULTI"], ["SET", "queued", "1"], ["EXEC"]);
  await ring.until("to hold the requests", () => ring.statusOf(primary)?.waitingRequests === 2);
  goOn();
  await ring.until("to be handed over", () => ring.primary === replica);
  for (const text of ["2", "3", "PONG", "012"]) expect((await client.next()).text).toBe(text);
  // A transaction is refused as a whole: its client may send it again.
  const answers = [await queuing.next(), await queuing.next(), await queuing.next()].map(({ text }) => text);
  expect(answers[2]).toStartWith("CLUSTERDOWN Hash slot ");
  expect((await client.reply("GET", "queued")).text).toBeNull();
  for (const connection of [client, queuing, operator]) connection.close();
  await ring.stop();
}, 30_000);
