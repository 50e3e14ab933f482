import { expect, test } from "bun:test";
import { nothingLeft, whyNotGivenUp } from "../../src/cluster/agreement/given-up.ts";
import { nextMembership } from "../../src/cluster/agreement/membership.ts";
import { nextMove } from "../../src/cluster/agreement/moves.ts";
import { countOf, given, ownerOf } from "../../src/cluster/agreement/slot-map.ts";
import { whyNotReplica } from "../../src/cluster/agreement/replica-change.ts";
import { changeRing, firstSlots, type RingRequest } from "../../src/cluster/agreement/ring-change.ts";
import type { LeaderView, Peer } from "../../src/cluster/agreement/peer.ts";
import type { RingTable, Seat } from "../../src/cluster/agreement/ring-table.ts";
import { ringTiming } from "../../src/cluster/agreement/ring-timing.ts";

const timing = ringTiming(400);
const nowMs = 10_000;

/** Seats of two nodes each, the first one of which is the primary. All of them vote. */
function ringOf(...names: string[]): RingTable {
  const seats = names.map((name): Seat => {
    const copies = [`${name}1`, `${name}2`].map((node) => ({ node, run: 1 }));
    return { name, nodes: copies.map(({ node }) => node), primary: copies[0]!, epoch: 1, revision: 1, inSync: copies };
  });
  const slots = firstSlots(seats, { slots: 16_384, batch: 256 });
  const voters = seats.flatMap(({ nodes }) => nodes);
  return { version: 3, voters, formerVoters: undefined, acknowledgement: "replica", seats, slots };
}

const peer = (more: Partial<Peer> = {}): Peer => ({
  ...{ run: 1, runSinceMs: 0, heardAtMs: nowMs, answeredMs: nowMs, askedAtMs: 0, stored: undefined },
  ...{
    position: { epoch: 1, offset: 0 },
    holdsKeys: false,
    diskFails: false,
    wish: undefined,
    moves: undefined,
    ...more,
  },
});

/** All nodes are heard, but those that are silent for so long. */
const viewOf = ({ voters }: RingTable, silentMs: Readonly<Record<string, number>> = {}): LeaderView => ({
  peers: new Map(voters.map((node) => [node, peer({ heardAtMs: nowMs - (silentMs[node] ?? 0) })])),
  ...{ timing, nowMs },
});

function changed(table: RingTable, request: RingRequest): RingTable {
  const outcome = changeRing(table, request);
  if (outcome.type !== "planned") throw new Error(outcome.reason);
  return outcome.table;
}

test("a seat is given up only after a silence of all of its nodes that is longer than any lease", () => {
  const table = ringOf("a", "b", "c");
  const ask = (silentMs: Readonly<Record<string, number>>) => whyNotGivenUp(table, "b", viewOf(table, silentMs));
  expect(ask({})).toContain("node b1 of place b has been silent for 0 ms");
  expect(ask({ b1: 401 })).toContain("node b2 of place b has been silent for 0 ms");
  expect(ask({ b1: 401, b2: 400 })).toContain("node b2 of place b has been silent for 400 ms");
  expect(ask({ b1: 401, b2: 401 })).toBeUndefined();
});

test("a seat that is given up has no primary and no copies in sync, and cannot be had back", () => {
  const table = ringOf("a", "b", "c");
  const outcome = changeRing(changed(table, { type: "leave", seat: "b" }), { type: "giveUp", seat: "b" });
  if (outcome.type !== "planned") throw new Error(outcome.reason);
  expect(outcome.plan.lostSlots).toBe(outcome.plan.slots);
  expect(outcome.plan.differences.every(({ from }) => from === "b")).toBe(true);
  const seat = { primary: { node: "b1", run: 0 }, inSync: [], membership: "leaving", isGivenUp: true };
  expect(outcome.table.seats[1]).toMatchObject(seat);
  const reasonOf = (request: RingRequest) => {
    const answer = changeRing(outcome.table, request);
    return answer.type === "refused" ? answer.reason : undefined;
  };
  expect(reasonOf({ type: "cancel" })).toBe("place b was given up: that cannot be cancelled");
  expect(reasonOf({ type: "giveUp", seat: "b" })).toBe("place b is leaving already");
  expect(reasonOf({ type: "giveUp", seat: "x" })).toContain("no place x in the ring");
  const last = changed(outcome.table, { type: "giveUp", seat: "a" });
  expect(changeRing(last, { type: "giveUp", seat: "c" })).toMatchObject({ type: "refused" });
});

test("slots that were passing to a seat that is given up are their source's again, and go on from there", () => {
  const table = ringOf("a", "b", "c");
  const move = { id: 2, attempt: 2, retries: 0, from: "a", to: "b", spans: [{ start: 0, end: 255 }] };
  const slots = table.slots!;
  const isPassing = { ...move, isPassing: true as const };
  const owners = given(slots.owners, move.spans, "b");
  const passing = { ...table, slots: { ...slots, owners, goal: owners, moves: [isPassing] } };
  const outcome = changeRing(passing, { type: "giveUp", seat: "b" });
  if (outcome.type !== "planned") throw new Error(outcome.reason);
  const after = outcome.table.slots!;
  expect(after.moves).toEqual([]);
  expect(ownerOf(after, 0)).toBe("a");
  expect(outcome.plan.lostSlots).toBe(countOf(owners.filter(({ owner }) => owner === "b")));
  // All slots of the seat find a new owner.
  const isDone = (ring: RingTable): boolean => ring.slots!.owners.every(({ owner }) => owner !== "b");
  let ring = outcome.table;
  for (let change = 0; change < 500 && !isDone(ring); change++) ring = nextMove(ring, arrivedAt(ring)) ?? ring;
  expect(isDone(ring)).toBe(true);
});

test("of the slots of a source that is given up, a target keeps a whole copy, and nothing of a part of one", () => {
  const ask = { move: 2, attempt: 2, number: 1, acknowledged: undefined };
  const has = { move: 2, source: { epoch: 1, offset: 9 }, snapshot: 1, parts: 3 };
  expect(nothingLeft({ ...ask, has: { ...has, isWhole: true } }).isStart).toBe(false);
  expect(nothingLeft({ ...ask, has: { ...has, isWhole: false } }).isStart).toBe(true);
  expect(nothingLeft({ ...ask, has: undefined }).isStart).toBe(true);
});

/** All nodes but those of seat b answer, and everything has arrived at the targets of moves. */
function arrivedAt({ seats, slots }: RingTable): ReadonlyMap<string, Peer> {
  const peers = new Map<string, Peer>();
  for (const { epoch, name, primary } of seats.filter(({ name }) => name !== "b")) {
    const ready = slots!.moves.flatMap(({ attempt, from, id }) =>
      from === name ? [{ move: id, attempt, epoch }] : [],
    );
    const arrivals = slots!.moves.flatMap(({ id, to }) => {
      const source = { epoch: 0, offset: 0 };
      const cursor = { move: id, source, snapshot: 0, parts: 1, isWhole: true, isFinal: true } as const;
      return to === name ? [{ epoch, cursor }] : [];
    });
    peers.set(primary.node, peer({ moves: { ready, arrivals } }));
  }
  return peers;
}

test("a replica that is added belongs to its seat once it was heard without keys, and is not in sync then", () => {
  const table = changed(ringOf("a", "b"), { type: "replicate", seat: "a", node: "x" });
  expect(table.seats[0]).toMatchObject({ nodes: ["a1", "a2"], awaited: ["x"] });
  const { peers } = viewOf(table);
  const next = (of?: Partial<Peer>) =>
    nextMembership(table, of === undefined ? peers : new Map(peers).set("x", peer(of)), nowMs);
  expect(next()).toBeUndefined();
  expect(next({ run: 0 })).toBeUndefined();
  expect(next({ position: { epoch: 0, offset: 0 }, holdsKeys: true })).toBeUndefined();
  for (const ready of [next({ position: { epoch: 0, offset: 0 } }), next({ holdsKeys: true })]) {
    expect(ready?.seats[0]).toMatchObject({ nodes: ["a1", "a2", "x"], inSync: table.seats[0]!.inSync });
    expect(ready?.seats[0]?.awaited).toBeUndefined();
    expect(ready?.voters).toEqual(["a1", "a2", "b1", "b2", "x"]);
    expect(ready?.formerVoters).toEqual(table.voters);
  }
});

test("a replica that is removed leaves the voters and the copies in sync at once; one that changes its seat goes on voting", () => {
  const table = ringOf("a", "b");
  const removed = changed(table, { type: "dismiss", node: "a2" });
  expect(removed.seats[0]).toMatchObject({ nodes: ["a1"], inSync: [{ node: "a1", run: 1 }], revision: 2 });
  expect(removed.voters).toEqual(["a1", "b1", "b2"]);
  expect(removed.formerVoters).toEqual(table.voters);
  const other = changed(table, { type: "replicate", seat: "b", node: "a2" });
  expect(other.seats).toMatchObject([{ nodes: ["a1"] }, { nodes: ["b1", "b2"], awaited: ["a2"] }]);
  expect(other.voters).toEqual(table.voters);
  // It leaves with the seat to which it is to belong.
  const leaving = changed(other, { type: "leave", seat: "b" });
  const drained = {
    ...leaving,
    slots: { owners: [{ start: 0, end: 16_383, owner: "a" }], goal: undefined, moves: [], batch: 256 },
  };
  expect(nextMembership(drained, viewOf(table).peers, nowMs)?.voters).toEqual(["a1"]);
});

test.each([
  [{ type: "replicate", seat: "x", node: "a2" }, {}, "no place x in the ring: there are a, b"],
  [{ type: "replicate", seat: "a", node: "a2" }, {}, "node a2 is a node of place a already"],
  [{ type: "replicate", seat: "b", node: "a1" }, {}, "node a1 is the primary of place a"],
  [
    { type: "replicate", seat: "b", node: "a2" },
    { a1: 401 },
    "the primary a1 of place a does not answer: a2 may have to",
  ],
  [{ type: "dismiss", node: "x" }, {}, "node x is not in the ring"],
  [{ type: "dismiss", node: "a1" }, {}, "node a1 is the primary of place a"],
  [{ type: "dismiss", node: "a2" }, { a1: 401 }, "the primary a1 of place a does not answer"],
] as const)("%o is refused after the silence %o: %s", (request, silentMs, reason) => {
  const table = ringOf("a", "b");
  expect(whyNotReplica(table, request, viewOf(table, silentMs))).toContain(reason);
  expect(whyNotReplica(table, { type: "dismiss", node: "a2" }, viewOf(table))).toBeUndefined();
});
