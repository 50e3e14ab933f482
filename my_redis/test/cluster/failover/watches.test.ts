import { afterEach, expect, test } from "bun:test";
import { RingInProcess } from "./ring-in-process.ts";

let ring: RingInProcess;

afterEach(() => ring.stop());

test("a place that moves breaks what was watched there, also through a link that never broke", async () => {
  ring = await RingInProcess.start();
  const former = ring.primary;
  const elsewhere = (former + 1) % 3;
  const [local, relayed] = [await ring.connect(former), await ring.connect(elsewhere)];
  for (const client of [local, relayed]) {
    expect((await client.reply("WATCH", "key")).text).toBe("OK");
    // Without a move the transaction runs.
    expect((await client.replies([["MULTI"], ["SET", "{key}other", "1"], ["EXEC"]]))[2]?.items).toHaveLength(1);
    expect((await client.reply("WATCH", "key")).text).toBe("OK");
  }
  const links = [...ring.clusterOf(former).incoming.links];
  const session = links.flatMap((link) => {
    const clients = [...(ring.nodes[elsewhere]?.server.clients.connected.keys() ?? [])];
    return clients.map((id) => link.session(id)?.context.client);
  });
  const watching = session.filter((client) => client !== undefined && client.watched.length > 0);
  expect(watching).toHaveLength(1);
  expect(watching[0]?.watchBroken).toBe(false);

  ring.silence(former);
  await ring.until("to have moved", () => ring.primary >= 0 && ring.primary !== former);
  await ring.until("to be followed", () => ring.statusOf(former)?.role === "replica");
  // The other node may learn nothing of this, and the place may come back.
  expect(watching[0]?.watchBroken).toBe(true);
  expect(links.every(({ state }) => state === "up")).toBe(true);
  await ring.until("to be known", () => ring.clusterOf(elsewhere).members.primaries[0] !== former);
  const after = await ring.connect(ring.primary);
  expect((await after.reply("SET", "key", "changed")).text).toBe("OK");
  for (const client of [local, relayed]) {
    expect((await client.replies([["MULTI"], ["SET", "key", "lost update"], ["EXEC"]]))[2]?.items).toBeNull();
  }
  expect((await after.reply("GET", "key")).text).toBe("changed");
  for (const client of [local, relayed, after]) client.close();
}, 30_000);

test("a replica of a place gives its data to nobody: it may be behind", async () => {
  ring = await RingInProcess.start();
  const client = await ring.connect((ring.primary + 1) % 3);
  expect((await client.reply("PSYNC", "?", "-1")).text).toBe(
    "NOMASTERLINK this node is not the primary of its place on the ring",
  );
  client.close();
}, 30_000);
