import { expect, test } from "bun:test";
import { nextMembership } from "../../../src/cluster/agreement/membership.ts";
import { nextMove } from "../../../src/cluster/agreement/moves.ts";
import type { Peer } from "../../../src/cluster/agreement/peer.ts";
import { changeRing } from "../../../src/cluster/agreement/ring-change.ts";
import type { RingTable } from "../../../src/cluster/agreement/ring-table.ts";
import type { Move } from "../../../src/cluster/agreement/slot-map.ts";

const names = ["a:1", "b:1", "c:1", "d:1"];

/** Four places. Slots are passing from a to b. */
function passingTable(): RingTable {
  const seats = names.map((name) => {
    const primary = { node: name, run: 1 };
    return { name, nodes: [name], primary, epoch: 1, revision: 1, inSync: [primary], weight: 1 };
  });
  const owners = [
    { start: 0, end: 511, owner: "b:1" },
    { start: 512, end: 4095, owner: "a:1" },
    { start: 4096, end: 8191, owner: "b:1" },
    { start: 8192, end: 12_287, owner: "c:1" },
    { start: 12_288, end: 16_383, owner: "d:1" },
  ];
  const spans = [{ start: 0, end: 511 }];
  const move: Move = { id: 5, attempt: 5, retries: 0, from: "a:1", to: "b:1", spans, isPassing: true };
  const slots = { owners, goal: owners, moves: [move], batch: 512 };
  return { version: 9, seats, voters: names, acknowledgement: "primary", slots } as unknown as RingTable;
}

/** All but `away` answer. What comes to them has come, and what goes from them may go. */
function peersOf({ slots }: RingTable, away: string): ReadonlyMap<string, Peer> {
  const moves = slots?.moves ?? [];
  const peers = names
    .filter((name) => name !== away)
    .map((name) => {
      const ready = moves
        .filter(({ from }) => from === name)
        .map(({ id, attempt }) => ({ move: id, attempt, epoch: 1 }));
      const arrivals = moves
        .filter(({ to }) => to === name)
        .map(({ id }) => ({ epoch: 1, cursor: { move: id, isWhole: true, isFinal: true } }));
      return [name, { run: 1, moves: { ready, arrivals } }] as const;
    });
  return new Map(peers) as unknown as ReadonlyMap<string, Peer>;
}

for (const [what, seat] of [
  ["get", "b:1"],
  ["give", "a:1"],
] as const) {
  test(`a place that is given up while it was about to ${what} slots leaves the ring, and others have all slots`, () => {
    const change = changeRing(passingTable(), { type: "giveUp", seat });
    if (change.type === "refused") throw new Error(change.reason);
    let { table } = change;
    for (let next: RingTable | undefined = table; next !== undefined;) {
      table = next;
      const peers = peersOf(table, seat);
      next = nextMove(table, peers) ?? nextMembership(table, peers, 0);
    }
    expect(table.seats.map(({ name }) => name)).toEqual(names.filter((name) => name !== seat));
    expect(table.slots?.owners.filter(({ owner }) => owner === seat)).toEqual([]);
    expect(table.slots?.moves).toEqual([]);
  });
}
