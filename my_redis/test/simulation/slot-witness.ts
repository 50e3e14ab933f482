import { type RingTable, seatOf } from "../../src/cluster/agreement/ring-table.ts";
import { mayCarryOut } from "../../src/cluster/agreement/outgoing.ts";
import { isReady } from "../../src/cluster/agreement/serving.ts";
import { hasSlot, ownerOf } from "../../src/cluster/agreement/slot-map.ts";
import { writesIn } from "./data-copy.ts";
import { slotsOfRing } from "./first-table.ts";
import type { RingNode, SimulatedWorld } from "./simulated-world.ts";

/** R9: while a node carries out requests for a slot, no other one does. Returns that other one. */
export function otherServer({ nodes, queue }: SimulatedWorld, node: RingNode, slot: number): RingNode | undefined {
  return nodes.find((other) => {
    const { process } = other;
    if (other === node || process?.member.committed?.slots === undefined) return false;
    const { member, clock } = process;
    if (member.serving === undefined || !isReady(member) || !mayCarryOut(member, slot)) return false;
    return clock.trueMs(member.leaseUntilMs) > queue.nowMs;
  });
}

/** R12: every slot has one owner that is in the ring, and is in one move at most. */
export function slotFault({ slots: map, seats }: RingTable): string | undefined {
  if (map === undefined) return undefined;
  const isSeat = (name: string): boolean => seats.some((seat) => seat.name === name);
  for (let slot = 0; slot < slotsOfRing; slot++) {
    const owner = ownerOf(map, slot);
    if (owner === undefined || !isSeat(owner)) return `slot ${slot} belongs to ${owner}, which is no seat`;
    const moves = map.moves.filter(({ spans }) => hasSlot(spans, slot));
    if (moves.length > 1) return `slot ${slot} is in two moves`;
    if (moves.some(({ from, isPassing, to }) => (isPassing ? to : from) !== owner || !isSeat(to) || !isSeat(from)))
      return `slot ${slot} of ${owner} is in a wrong move`;
  }
  return undefined;
}

/** R10: when the moves have ended, what each node of the ring has is what its seat owns. */
export function misplaced({ nodes, witness }: SimulatedWorld): string | undefined {
  const map = witness.newest.slots;
  if (map === undefined) return undefined;
  for (const { name, process } of nodes) {
    const seat = seatOf(witness.newest, name)?.name;
    if (process === undefined || seat === undefined) continue;
    const stray = [...process.copy.slots.keys()].find((slot) => ownerOf(map, slot) !== seat);
    if (stray !== undefined) return `${name} of ${seat} still has slot ${stray} of ${ownerOf(map, stray)}`;
  }
  for (let slot = 0; slot < slotsOfRing; slot++) {
    const seat = witness.newest.seats.find(({ name }) => name === ownerOf(map, slot));
    for (const { node } of seat?.inSync ?? []) {
      const writes = writesIn(nodes.find(({ name }) => name === node)!.process!.copy, slot);
      const known = witness.acknowledgedOf(slot);
      if (known.some((write, at) => writes[at] !== write)) return `${node} misses acknowledged writes of slot ${slot}`;
    }
  }
  return undefined;
}

/** Everything has moved that was asked for, and seats that leave have gone. */
export function isSettled({ witness }: SimulatedWorld): boolean {
  const { slots, seats, formerVoters } = witness.newest;
  if (slots === undefined) return true;
  if (slots.goal !== undefined || slots.moves.length > 0 || formerVoters !== undefined) return false;
  return seats.every(({ awaited, membership }) => membership === undefined && awaited === undefined);
}
