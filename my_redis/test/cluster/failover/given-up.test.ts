import { afterEach, expect, test } from "bun:test";
import { waitUntil } from "../../../../tools/test-services/index.ts";
import { AgreedRing } from "./agreed-ring.ts";
import { answerOf, expectAll, keys, writeAll } from "./checked-keys.ts";

let ring: AgreedRing;

afterEach(() => ring.stop());

const testTimeoutMs = 60_000;

const giveUp = (node: number, ...more: string[]): Promise<string> =>
  ring.ask(0, "CLUSTER", "RING", "REMOVE", ring.names[node] as string, "FORCE", ...more);

/** The dry run, once the leader has not heard the node for long enough. */
async function untilMayGiveUp(node: number): Promise<{ lostSlots: number }> {
  let answer = "";
  await waitUntil(async () => (answer = await giveUp(node, "DRYRUN")).startsWith("{"), {
    ...{ what: "the silence of the node", timeoutMs: 20_000, intervalMs: 50 },
  });
  return (JSON.parse(answer) as { plan: { lostSlots: number } }).plan;
}

/** The keys that this node owns. */
async function keysOf(node: number): Promise<Set<string>> {
  const client = await ring.connect(node);
  const found = await Promise.all(
    keys.map(async (key) => {
      const slot = (await client.reply("CLUSTER", "KEYSLOT", key)).text as string;
      return (await client.reply("CLUSTER", "COUNTKEYSINSLOT", slot)).text === "0" ? [] : [key];
    }),
  );
  client.close();
  return new Set(found.flat());
}

test(
  "a place whose only node is gone for good is given up: its slots are served again, empty, and nothing else is lost",
  async () => {
    ring = await AgreedRing.start(3, 0);
    await writeAll(ring, 0);
    const lost = await keysOf(2);
    expect(lost.size).toBeGreaterThan(50);
    expect(await giveUp(2)).toContain("only when all of its nodes have been silent for more than 600 ms");
    await ring.kill(2);
    expect(await untilMayGiveUp(2)).toMatchObject({ lostSlots: (await ring.status(0))!.seats[2]!.slots });
    // A dry run changes nothing.
    expect((await ring.status(0))!.seats.map(({ membership }) => membership)).toEqual(["member", "member", "member"]);
    expect(await giveUp(2)).toContain('"begun"');
    const { voters } = await ring.untilSettled(0, 2);
    expect(voters.toSorted()).toEqual(ring.names.slice(0, 2).toSorted());
    const client = await ring.connect(1);
    for (const key of keys) expect(await answerOf(client, "GET", key)).toBe(lost.has(key) ? "" : `value of ${key}`);
    expect(await answerOf(client, "DBSIZE")).toBe(`${keys.length - lost.size}`);
    client.close();
    await writeAll(ring, 1, "new");

    // The node comes back with all that it had, learns that it is no member, and shows nothing of it.
    await ring.startNode(2, { peers: ring.names.join(" ") });
    await waitUntil(async () => (await ring.ask(2, "CLUSTER", "RING", "STATUS")).includes("no member of a ring"), {
      ...{ what: "the node to learn that it has left", timeoutMs: 20_000, intervalMs: 30 },
    });
    const back = await ring.connect(2);
    for (const key of keys) expect((await back.reply("GET", key)).text).toMatch(/^MOVED \d+ 127\.0\.0\.1:\d+$/);
    back.close();
    await expectAll(ring, 0, "new");
    // It may join again, and what it had does not come back.
    expect(await ring.ask(0, "CLUSTER", "MEET", "127.0.0.1", `${ring.ports[2] as number}`)).toBe("OK");
    await ring.untilSettled(0, 3);
    for (const node of [0, 2]) await expectAll(ring, node, "new");
  },
  testTimeoutMs,
);

test(
  "a frozen node that was given up answers nothing from before when it wakes",
  async () => {
    ring = await AgreedRing.start(3, 0);
    await writeAll(ring, 0);
    const [key] = await keysOf(1);
    const client = await ring.connect(1);
    expect((await client.reply("GET", key as string)).text).toBe(`value of ${key}`);
    const { pid } = ring.processes[1]!.process;
    process.kill(pid, "SIGSTOP");
    const asked = client.reply("GET", key as string).catch(() => ({ text: "the connection ended" }));
    await untilMayGiveUp(1);
    expect(await giveUp(1)).toContain('"begun"');
    await ring.untilSettled(0, 2);
    await writeAll(ring, 0, "new");
    process.kill(pid, "SIGCONT");
    expect((await asked).text).toMatch(/^MOVED|^CLUSTERDOWN|connection ended|^new of/);
    await expectAll(ring, 0, "new");
    client.close();
  },
  testTimeoutMs,
);

test(
  "a replica that answers keeps its place from being given up; a place that cannot leave with its keys may be given up",
  async () => {
    ring = await AgreedRing.start(2, 2);
    await Promise.all([ring.startNode(2), ring.startNode(3)]);
    const [, , place, replica] = ring.names as [string, string, string, string];
    expect(await ring.ask(0, "CLUSTER", "RING", "ADD", place, replica)).toContain('"begun"');
    await ring.untilSettled(0, 3);
    await writeAll(ring, 0);
    await ring.kill(2);
    await waitUntil(async () => (await giveUp(2)).includes(`node ${replica} of place ${place} has been silent for`), {
      ...{ what: "the replica to be the reason", timeoutMs: 20_000, intervalMs: 50 },
    });
    // Half of the nodes are left, the first one by name among them: they can decide.
    await ring.kill(3);
    expect(await ring.ask(0, "CLUSTER", "RING", "REMOVE", place)).toContain('"begun"');
    expect((await untilMayGiveUp(2)).lostSlots).toBeGreaterThan(5000);
    expect(await giveUp(2)).toContain('"begun"');
    await ring.untilSettled(0, 2);
    await writeAll(ring, 1, "new");
    await expectAll(ring, 0, "new");
  },
  testTimeoutMs,
);
