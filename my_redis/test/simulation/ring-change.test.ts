import { expect, test } from "bun:test";
import { ringProgress } from "../../src/cluster/agreement/move-progress.ts";
import { nextMembership } from "../../src/cluster/agreement/membership.ts";
import { changeRing, firstSlots, type RingRequest } from "../../src/cluster/agreement/ring-change.ts";
import type { Peer } from "../../src/cluster/agreement/peer.ts";
import { type RingTable, type Seat, withoutFormerVoters } from "../../src/cluster/agreement/ring-table.ts";
import { ringTiming } from "../../src/cluster/agreement/ring-timing.ts";
import { startMember, step } from "../../src/cluster/agreement/step.ts";
import { firstTable } from "../../src/cluster/failover/seat-plan.ts";

const slots = 16_384;

test("a new ring of three seats has three ranges, and a fourth seat takes a quarter in five further ones at most", () => {
  const table = ringOf("a", "b", "c");
  expect(table.slots?.owners).toHaveLength(3);
  const outcome = changeRing(table, { type: "join", seat: "d", nodes: ["d1", "d2"] });
  if (outcome.type !== "planned") throw new Error(outcome.reason);
  const { plan, table: next } = outcome;
  expect(plan.slots).toBe(slots / 4);
  expect(plan.of).toBe(slots);
  expect(plan.differences.every(({ to }) => to === "d")).toBe(true);
  expect(plan.ranges[1]).toBeLessThanOrEqual(8);
  expect(next.version).toBe(table.version + 1);
  expect(next.seats.at(-1)).toMatchObject({ name: "d", membership: "joining", epoch: 0 });
  expect(table.slots?.goal).toBeUndefined();
  expect(ringProgress(next, new Map())).toEqual({ slotsLeft: plan.slots, moves: [], joining: ["d"], leaving: [] });
});

test("a seat that leaves gives its slots and nothing else moves; a cancel keeps it", () => {
  const table = ringOf("a", "b", "c");
  const outcome = changeRing(table, { type: "leave", seat: "b" });
  if (outcome.type !== "planned") throw new Error(outcome.reason);
  expect(outcome.plan.differences.every(({ from }) => from === "b")).toBe(true);
  const undone = changeRing(outcome.table, { type: "cancel" });
  if (undone.type !== "planned") throw new Error(undone.reason);
  expect(undone.table.seats).toEqual([...table.seats]);
  expect(undone.table.slots).toEqual(table.slots);
});

test("a seat whose vote has ended gets it back when it stays after all", () => {
  const outcome = changeRing(ringOf("a", "b", "c"), { type: "leave", seat: "b" });
  if (outcome.type !== "planned") throw new Error(outcome.reason);
  const { goal, ...map } = outcome.table.slots!;
  const drained = { ...outcome.table, slots: { ...map, owners: goal!, goal: undefined } };
  const peers = new Map(["a1", "b1", "c1"].map((node) => [node, { run: 1 } as Peer]));
  const silent = withoutFormerVoters(nextMembership(drained, peers, 0)!);
  expect(silent.voters).toEqual(["a1", "c1"]);
  const undone = changeRing(silent, { type: "cancel" });
  if (undone.type !== "planned") throw new Error(undone.reason);
  const back = nextMembership(undone.table, peers, 0)!;
  expect(back.voters.toSorted()).toEqual(["a1", "b1", "c1"]);
  expect(back.seats.map(({ membership }) => membership)).toEqual([undefined, undefined, undefined]);
});

test("a seat that leaves goes when its primary has removed the keys that have moved away, or is gone", () => {
  const outcome = changeRing(ringOf("a", "b", "c"), { type: "leave", seat: "b" });
  if (outcome.type !== "planned") throw new Error(outcome.reason);
  const { goal, ...map } = outcome.table.slots!;
  const seats = outcome.table.seats.map((seat) => ({ ...seat, epoch: 3, primary: { ...seat.primary, run: 7 } }));
  const drained = { ...outcome.table, seats, voters: ["a1", "c1"], slots: { ...map, owners: goal!, goal: undefined } };
  const isGoing = (primary: Pick<Peer, "run" | "holdsKeys" | "heardAtMs">): boolean =>
    nextMembership(drained, new Map([["b1", primary as Peer]]), 100)?.seats.length === 2;
  expect(isGoing({ run: 7, holdsKeys: true, heardAtMs: 100 })).toBeFalse();
  expect(isGoing({ run: 7, holdsKeys: false, heardAtMs: 100 })).toBeTrue();
  // It has been silent for too long.
  expect(isGoing({ run: 7, holdsKeys: true, heardAtMs: 99 })).toBeTrue();
});

test("at most seven nodes of a new ring vote", () => {
  const names = Array.from({ length: 9 }, (_, number) => `127.0.0.1:700${number}`);
  const table = firstTable({
    ...{ self: names[0]!, peers: names, "cluster-members": "agreed", "cluster-replicas": [], appendonly: true },
    "cluster-acknowledgement": "primary",
  });
  expect(table.voters).toEqual(names.slice(0, 7));
  expect(table.seats).toHaveLength(9);
});

test("a move that a newer request wants, too, goes on; another one is rolled back", () => {
  const table = ringOf("a", "b");
  const joining = changeRing(table, { type: "join", seat: "c", nodes: ["c1"] });
  if (joining.type !== "planned") throw new Error(joining.reason);
  const { from, to, start } = joining.plan.differences[0]!;
  const move = { id: 5, attempt: 5, retries: 0, from, to, spans: [{ start, end: start }] };
  const moving = { ...joining.table, slots: { ...joining.table.slots!, moves: [move] } };
  const heavier = changeRing(moving, { type: "weights", weights: { c: 2 } });
  expect(heavier.type === "planned" && heavier.table.slots?.moves).toEqual([move]);
  const leaving = changeRing(moving, { type: "leave", seat: "c" });
  expect(leaving.type === "planned" && leaving.table.slots?.moves).toEqual([]);
});

test.each<[RingRequest, string]>([
  [{ type: "join", seat: "a", nodes: ["x"] }, "place a is in the ring already"],
  [{ type: "join", seat: "d", nodes: [] }, "place d needs a node"],
  [{ type: "join", seat: "d", nodes: ["x", "x"] }, "place d names a node twice"],
  [{ type: "join", seat: "d", nodes: ["x", "b1"] }, "node b1 is in the ring already"],
  [{ type: "join", seat: "d", nodes: ["x"], weight: 0 }, 'the weight of "d" lies from 0.01 to 100, not at 0'],
  [{ type: "leave", seat: "d" }, "no place d in the ring: there are a, b"],
  [{ type: "weights", weights: { d: 2 } }, "no place d in the ring: there are a, b"],
  [{ type: "cancel" }, "nothing moves: there is nothing to cancel"],
])("%o is refused: %s", (request, reason) => {
  expect(changeRing(ringOf("a", "b"), request)).toEqual({ type: "refused", reason });
});

test("the last seat cannot leave, and none leaves twice", () => {
  const outcome = changeRing(ringOf("a", "b"), { type: "leave", seat: "a" });
  if (outcome.type !== "planned") throw new Error(outcome.reason);
  const refused = (seat: string): string | false => {
    const again = changeRing(outcome.table, { type: "leave", seat });
    return again.type === "refused" && again.reason;
  };
  expect(refused("a")).toBe("place a is leaving already");
  expect(refused("b")).toBe("place b is the last one: somebody must keep the slots");
});

test("a node that does not lead says who does", () => {
  const stored = { term: 0, table: ringOf("a", "b") };
  const durable = { run: 1, term: 0, votedFor: undefined, stored };
  const moment = { nowMs: 0, chance: 0 };
  const position = { epoch: 0, offset: 0 };
  const member = startMember({ self: "a1", timing: ringTiming(400), durable, position }, moment);
  const { effects } = step(member, { type: "change", request: { type: "cancel" } }, moment);
  expect(effects).toEqual([
    { type: "changed", outcome: { type: "refused", reason: "the leader of the ring is not known" } },
  ]);
});

function ringOf(...names: string[]): RingTable {
  const seats = names.map((name): Seat => {
    const primary = { node: `${name}1`, run: 1 };
    return { name, nodes: [`${name}1`], primary, epoch: 1, revision: 1, inSync: [primary] };
  });
  const voters = names.map((name) => `${name}1`);
  const map = firstSlots(seats, { slots, batch: 256 });
  return { version: 3, voters, formerVoters: undefined, acknowledgement: "replica", seats, slots: map };
}
