import { afterEach, expect, test } from "bun:test";
import { nodeId } from "../../../src/cluster/members.ts";
import { AgreedRing } from "./agreed-ring.ts";

let ring: AgreedRing;

afterEach(() => ring.stop());

const testTimeoutMs = 60_000;
const keys = Array.from({ length: 300 }, (_, number) => `key:${number}`);

async function write(node: number): Promise<void> {
  const client = await ring.connect(node);
  for (const key of keys) expect((await client.reply("SET", key, `value of ${key}`)).text).toBe("OK");
  client.close();
}

async function expectAll(node: number): Promise<void> {
  const client = await ring.connect(node);
  for (const key of keys) expect((await client.reply("GET", key)).text).toBe(`value of ${key}`);
  expect((await client.reply("DBSIZE")).text).toBe(`${keys.length}`);
  client.close();
}

const join = (node: number): Promise<string> =>
  ring.ask(0, "CLUSTER", "MEET", "127.0.0.1", `${ring.ports[node] as number}`);
const leave = (asked: number, node: number): Promise<string> =>
  ring.ask(asked, "CLUSTER", "FORGET", nodeId(ring.names[node] as string));

test(
  "a new ring has few ranges of slots and even shares, and each node knows the same",
  async () => {
    ring = await AgreedRing.start(3, 0);
    const { seats } = (await ring.status(1))!;
    expect(seats.map(({ ranges }) => ranges)).toEqual([1, 1, 1]);
    for (const { slots } of seats) expect(slots).toBeWithin(5461, 5463);
    const nodes = await ring.ask(0, "CLUSTER", "SLOTS");
    expect(await ring.ask(2, "CLUSTER", "SLOTS")).toBe(nodes);
    await write(0);
    for (const node of [0, 1, 2]) await expectAll(node);
  },
  testTimeoutMs,
);

test(
  "a ring of three grows to five and shrinks to three, with its keys",
  async () => {
    ring = await AgreedRing.start(3, 2);
    await write(0);
    await Promise.all([ring.startNode(3), ring.startNode(4)]);
    expect(await ring.ask(3, "CLUSTER", "MEET", "127.0.0.1", "1")).toContain("no leader is known");
    for (const node of [3, 4]) expect(await join(node)).toBe("OK");
    const grown = await ring.untilSettled(4, 5);
    expect(grown.voters).toHaveLength(5);
    for (const { slots } of grown.seats) expect(slots).toBeWithin(Math.floor(16_384 / 5 / 1.1), 16_384 / 5 + 330);
    for (const node of [0, 3, 4]) await expectAll(node);
    for (const node of [0, 3]) expect(await leave(4, node)).toBe("OK");
    const shrunk = await ring.untilSettled(4, 3);
    expect(shrunk.voters.toSorted()).toEqual([1, 2, 4].map((node) => ring.names[node] as string).toSorted());
    for (const node of [1, 2, 4]) await expectAll(node);
    // Whoever still asks a node that has left is told where the keys are.
    expect(await ring.ask(0, "GET", "key:1")).toMatch(/^error: MOVED \d+ 127\.0\.0\.1:\d+$/);
  },
  testTimeoutMs,
);
