import { checkNodes, type RingNode } from "./members.ts";
import { Shares } from "./slot-shares.ts";
import { slotCount } from "./slot-table.ts";

/** Consecutive slots of one node: `start` and `end` belong to it. */
export interface SlotRange {
  readonly start: number;
  readonly end: number;
  readonly owner: string;
}

export interface AssignmentOptions {
  /** 16,384 by default. */
  readonly slots?: number;
  /** By how much of its share a node may have more or less: 0 to 0.5; 0.1 by default. One slot is always allowed. */
  readonly tolerance?: number;
}

/** A part of one range that goes to another node. */
interface Piece {
  readonly from: number;
  readonly to: number;
  readonly start: number;
  readonly count: number;
  /** How many ranges more, or less, there are afterwards. */
  readonly ranges: number;
}

interface Run {
  readonly start: number;
  readonly count: number;
  readonly owner: number;
}

/**
 * Who owns which slots, in order, after the members or their weights have changed from what they were in `before`. Each
 * node ends within the tolerance of its share. No more slots move than have to: those of nodes that have left, what nodes
 * have beyond the tolerance, and the share of a node that is new or has too little. Among the slots that may move, those
 * are taken that leave the fewest ranges. It depends on its arguments alone, and not on the order of the nodes.
 *
 * @throws RangeError for no nodes, for nodes that a HashRing would refuse, and for ranges or options out of their limits
 */
export function assignSlots(
  nodes: Iterable<string | RingNode>,
  before: readonly SlotRange[] = [],
  { slots = slotCount, tolerance = 0.1 }: AssignmentOptions = {},
): SlotRange[] {
  const members = checkNodes(nodes, { virtualNodes: 1, pointsPerVirtualNode: 1 });
  if (members.length === 0) throw new RangeError("no nodes can own slots");
  if (!(tolerance >= 0 && tolerance <= 0.5))
    throw new RangeError(`a tolerance lies from 0 to 0.5, not at ${tolerance}`);
  const names = members.map(({ name }) => name);
  const owners = ownersOf(names, before, slots);
  const weights = members.map(({ weight }) => weight);
  const shares = new Shares({ weights, owners, tolerance });
  while (!shares.areSettled()) {
    const { from, to, start, count } = bestPiece(runsOf(owners), shares);
    owners.fill(to, start, start + count);
    shares.move(from, to, count);
  }
  return runsOf(owners).map(({ start, count, owner }) => ({ start, end: start + count - 1, owner: names[owner]! }));
}

/** Nobody owns the slot. */
const nobody = -1;

function ownersOf(names: readonly string[], before: readonly SlotRange[], slots: number): Int32Array {
  const places = new Map(names.map((name, place) => [name, place]));
  const owners = new Int32Array(slots).fill(nobody);
  for (const { start, end, owner } of before) {
    if (!(start >= 0 && start <= end && end < slots)) {
      throw new RangeError(`slots are numbered from 0 to ${slots - 1}, not from ${start} to ${end}`);
    }
    owners.fill(places.get(owner) ?? nobody, start, end + 1);
  }
  return owners;
}

function runsOf(owners: Int32Array): Run[] {
  const runs: Run[] = [];
  for (let start = 0; start < owners.length;) {
    const owner = owners[start]!;
    let end = start + 1;
    while (end < owners.length && owners[end] === owner) end++;
    runs.push({ start, count: end - start, owner });
    start = end;
  }
  return runs;
}

/** The piece that costs the fewest ranges for each slot that it moves. */
function bestPiece(runs: readonly Run[], shares: Shares): Piece {
  let best: Piece | undefined;
  const needy = shares.neediest();
  for (const [at, run] of runs.entries()) {
    if (shares.gives(run.owner) === 0) continue;
    const neighbours = { left: runs[at - 1]?.owner, right: runs[at + 1]?.owner };
    for (const to of new Set([neighbours.left, neighbours.right, needy])) {
      if (to === undefined || to === nobody || to === run.owner) continue;
      const count = Math.min(run.count, shares.gives(run.owner), shares.takes(to));
      if (count <= 0) continue;
      const piece = cut(run, to, count, neighbours);
      if (best === undefined || isBetter(piece, best, shares)) best = piece;
    }
  }
  if (best === undefined) throw new Error("the shares of the nodes do not fit the slots");
  return best;
}

interface Neighbours {
  readonly left: number | undefined;
  readonly right: number | undefined;
}

/** From the end that borders on the node that takes it, or else from the start. */
function cut({ start, count: length, owner }: Run, to: number, count: number, { left, right }: Neighbours): Piece {
  const isWhole = count === length;
  const ranges = (isWhole ? 0 : 1) - (left === to ? 1 : 0) - (right === to && (isWhole || left !== to) ? 1 : 0);
  return { from: owner, to, start: right === to && left !== to ? start + length - count : start, count, ranges };
}

/** No piece takes away more than two ranges. */
const mostMerged = 2;

function isBetter(one: Piece, other: Piece, shares: Shares): boolean {
  const costOf = ({ ranges, count }: Piece): number => (ranges + mostMerged) / count;
  const difference = costOf(one) - costOf(other);
  if (difference !== 0) return difference < 0;
  if (one.count !== other.count) return one.count > other.count;
  return shares.loadOf(one.from) - shares.loadOf(other.from) > shares.loadOf(one.to) - shares.loadOf(other.to);
}
