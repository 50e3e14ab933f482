import { expect, test } from "bun:test";
import { nextTable } from "../../../src/cluster/agreement/appointments.ts";
import type { Peer } from "../../../src/cluster/agreement/ring-member.ts";
import type { RingTable } from "../../../src/cluster/agreement/ring-table.ts";
import { ringTiming } from "../../../src/cluster/agreement/ring-timing.ts";

const timing = ringTiming(400);
const nowMs = 10_000;
const copyOf = (node: string) => ({ node, run: 1 });
const inSync = ["a", "b", "c"].map(copyOf);
const seat = { name: "a", nodes: ["a", "b", "c"], primary: copyOf("a"), epoch: 5, revision: 5, inSync };
const table: RingTable = {
  version: 5,
  voters: ["a", "b", "c"],
  formerVoters: undefined,
  acknowledgement: "replica",
  seats: [seat],
};

/** A node that answers, with so many writes. */
const peerOf = (offset: number, facts: Partial<Peer> = {}): Peer => ({
  ...{ run: 1, runSinceMs: 0, heardAtMs: nowMs, answeredMs: nowMs, askedAtMs: 0, stored: undefined },
  ...{ position: { epoch: 5, offset }, holdsKeys: true, diskFails: false, wish: undefined, moves: undefined },
  ...facts,
});
const primaryOf = (peers: Readonly<Record<string, Peer>>): string | undefined =>
  nextTable(table, new Map(Object.entries(peers)), timing, nowMs)?.seats[0]?.primary.node;
const full = { diskFails: true };

test("a copy whose disk fails is not appointed while another one answers, although it has more", () => {
  const a = peerOf(9, { heardAtMs: 0 });
  expect(primaryOf({ a, b: peerOf(9), c: peerOf(8) })).toBe("b");
  expect(primaryOf({ a, b: peerOf(9, full), c: peerOf(8) })).toBe("c");
  expect(primaryOf({ a, b: peerOf(9, full), c: peerOf(8, { heardAtMs: 0 }) })).toBeUndefined();
});

test("nothing is handed over to a copy whose disk fails", () => {
  const wish = { revision: 5, inSync, handOver: { to: copyOf("b"), leaves: true } };
  expect(primaryOf({ a: peerOf(9, { wish }), b: peerOf(9), c: peerOf(9) })).toBe("b");
  expect(primaryOf({ a: peerOf(9, { wish }), b: peerOf(9, full), c: peerOf(9) })).toBeUndefined();
});
