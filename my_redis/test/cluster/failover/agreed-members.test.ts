import { afterEach, expect, test } from "bun:test";
import { AgreedRing } from "./agreed-ring.ts";

let ring: AgreedRing;

afterEach(() => ring.stop());

const testTimeoutMs = 60_000;

test(
  "a new ring has few ranges of slots and even shares, and each node knows the same",
  async () => {
    ring = await AgreedRing.start(3, 0);
    const { seats } = (await ring.status(1))!;
    expect(seats.map(({ ranges }) => ranges)).toEqual([1, 1, 1]);
    for (const { slots } of seats) expect(slots).toBeWithin(5461, 5463);
    const nodes = await ring.ask(0, "CLUSTER", "SLOTS");
    expect(await ring.ask(2, "CLUSTER", "SLOTS")).toBe(nodes);
    expect(await ring.ask(0, "SET", "key", "value")).toBe("OK");
    for (const node of [0, 1, 2]) expect(await ring.ask(node, "GET", "key")).toBe("value");
  },
  testTimeoutMs,
);
