import { assignSlots, type SlotRange } from "hash-ring";
import { givenUp, isGivenUp } from "./given-up.ts";
import { type ReplicaRequest, replicaChanged } from "./replica-change.ts";
import { allNodesOf, renewed, type RingTable, type Seat, withSlots } from "./ring-table.ts";
import {
  countOf,
  type Difference,
  differences,
  given,
  type Move,
  type SlotMap,
  type SlotSpan,
  withMoves,
} from "./slot-map.ts";

/** What an operator asks of a ring. */
export type RingRequest =
  | { readonly type: "join"; readonly seat: string; readonly nodes: readonly string[]; readonly weight?: number }
  /** The seat's slots go to others first. */
  | { readonly type: "leave"; readonly seat: string }
  | ReplicaRequest
  /** The seat's nodes are gone for good. Others get its slots, and its keys are lost. */
  | { readonly type: "giveUp"; readonly seat: string }
  | { readonly type: "weights"; readonly weights: Readonly<Record<string, number>> }
  /** Shares become even again, and many ranges become few. */
  | { readonly type: "rebalance" }
  /** The owners of slots are agreed on from now on. Nothing moves. */
  | { readonly type: "slots"; readonly owners: readonly SlotRange[]; readonly batch: number }
  /** Moves under way are rolled back, and slots that have moved stay. A seat that was leaving stays. */
  | { readonly type: "cancel" };

type Change = Exclude<RingRequest, ReplicaRequest | { type: "cancel" | "slots" }>;

/** A ring with more ranges than this is laid out anew when it is rebalanced, although more slots move then. */
const mostRanges = 500;

/** What would move, or moves. */
export interface RingPlan {
  readonly differences: readonly Difference[];
  readonly slots: number;
  /** The keys of so many slots are lost, or some of their writes. */
  readonly lostSlots: number;
  /** Of how many slots in all. */
  readonly of: number;
  /** How many ranges there are before and afterwards. */
  readonly ranges: readonly [before: number, after: number];
}

export type RingChange =
  | { readonly type: "planned"; readonly table: RingTable; readonly plan: RingPlan }
  | { readonly type: "refused"; readonly reason: string };

/** What an operator is told. "busy": another table is under way, and the request has to be repeated. */
export type ChangeOutcome =
  | { readonly type: "begun"; readonly plan: RingPlan }
  | { readonly type: "busy" }
  | { readonly type: "refused"; readonly reason: string };

/** The table with which a change begins, and what it means. It changes nothing: a dry run and the leader both call it. */
export function changeRing(table: RingTable, request: RingRequest): RingChange {
  const map = table.slots;
  if (request.type === "slots") return begun(table, request);
  if (map === undefined) return refused("the slots of this ring are not agreed on: nothing can move");
  if (request.type === "cancel") return cancelled(table, map);
  if (request.type === "replicate" || request.type === "dismiss")
    return withReplicas(map, replicaChanged(table, request));
  const reason = whyNot(table, request);
  if (reason !== undefined) return refused(reason);
  const seats = changedSeats(table.seats, request);
  const staying = seats.filter(({ membership }) => membership !== "leaving");
  const returned = request.type === "giveUp" ? passingTo(map, request.seat) : [];
  const kept = withReturned(map, returned);
  try {
    const slots = kept.owners.at(-1)!.end + 1;
    const members = staying.map(({ name, weight = 1 }) => ({ name, weight }));
    const isAnew = request.type === "rebalance" && kept.owners.length > mostRanges;
    const goal = assignSlots(members, isAnew ? [] : withMoves(kept), { slots });
    const isGoing = (move: Move): boolean =>
      mayGoOn(goal, move) && (move.isPassing === true || !isGivenUp(seats, move.from));
    return planned(table, seats, { ...kept, goal, moves: kept.moves.filter(isGoing) }, returned);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return refused(error.message);
  }
}

function begun(table: RingTable, { owners, batch }: RingRequest & { type: "slots" }): RingChange {
  if (table.slots !== undefined) return refused("the slots of this ring are agreed on already");
  return planned(table, table.seats, { owners, goal: undefined, moves: [], batch });
}

/** What a new ring begins with. */
export function firstSlots(seats: readonly Seat[], { slots, batch }: { slots: number; batch: number }): SlotMap {
  const members = seats.map(({ name, weight = 1 }) => ({ name, weight }));
  return { owners: assignSlots(members, [], { slots }), goal: undefined, moves: [], batch };
}

function whyNot(table: RingTable, request: Change): string | undefined {
  const { seats } = table;
  const seatNamed = (name: string): Seat | undefined => seats.find((seat) => seat.name === name);
  if (request.type === "join") {
    if (seatNamed(request.seat) !== undefined) return `place ${request.seat} is in the ring already`;
    if (request.nodes.length === 0) return `place ${request.seat} needs a node`;
    const known = request.nodes.find((node) => seats.some((seat) => allNodesOf(seat).includes(node)));
    if (known !== undefined) return `node ${known} is in the ring already`;
    if (new Set(request.nodes).size < request.nodes.length) return `place ${request.seat} names a node twice`;
    return undefined;
  }
  if (request.type === "rebalance") return undefined;
  const names = request.type === "weights" ? Object.keys(request.weights) : [request.seat];
  const unknown = names.find((name) => seatNamed(name) === undefined);
  if (unknown !== undefined)
    return `no place ${unknown} in the ring: there are ${seats.map(({ name }) => name).join(", ")}`;
  // A seat that cannot leave with its keys may be given up.
  const isLate = ({ membership, isGivenUp: isLost }: Seat): boolean =>
    request.type === "giveUp" ? isLost === true : membership === "leaving";
  const leaving = seats.find((seat) => names.includes(seat.name) && isLate(seat));
  if (leaving !== undefined) return `place ${leaving.name} is leaving already`;
  if (
    request.type !== "weights" &&
    seats.every(({ name, membership }) => name === request.seat || membership === "leaving")
  )
    return `place ${request.seat} is the last one: somebody must keep the slots`;
  return undefined;
}

function changedSeats(seats: readonly Seat[], request: Change): readonly Seat[] {
  switch (request.type) {
    case "join":
      return [...seats, newSeat(request.seat, request.nodes, request.weight ?? 1)];
    case "leave":
      return seats.map((seat) => (seat.name === request.seat ? { ...seat, membership: "leaving" } : seat));
    case "giveUp":
      return seats.map((seat) => (seat.name === request.seat ? givenUp(seat) : seat));
    case "rebalance":
      return seats;
    case "weights":
      return seats.map((seat) => ({ ...seat, weight: request.weights[seat.name] ?? seat.weight ?? 1 }));
  }
}

/** It has no slots yet, and the leader appoints its primary as in a new ring. */
function newSeat(name: string, nodes: readonly string[], weight: number): Seat {
  const primary = { node: nodes[0]!, run: 0 };
  return { name, nodes, primary, epoch: 0, revision: 0, inSync: [primary], weight, membership: "joining" };
}

function cancelled(table: RingTable, map: SlotMap): RingChange {
  const lost = table.seats.find((seat) => seat.isGivenUp);
  if (lost !== undefined) return refused(`place ${lost.name} was given up: that cannot be cancelled`);
  if (map.goal === undefined && table.seats.every(({ membership }) => membership !== "leaving")) {
    return refused("nothing moves: there is nothing to cancel");
  }
  const seats = table.seats.map((seat): Seat => {
    if (seat.membership !== "leaving") return seat;
    // A seat whose votes have ended gets them back as one that joins.
    if (!seat.nodes.some((node) => table.voters.includes(node))) return { ...seat, membership: "joining" };
    const { membership: _, ...staying } = seat;
    return staying;
  });
  return planned(table, seats, { ...map, goal: undefined, moves: map.moves.filter(({ isPassing }) => isPassing) });
}

/** Nothing moves. */
function withReplicas(map: SlotMap, table: RingTable): RingChange {
  if (table.voters.length === 0) return refused("no node would be left that may vote");
  return { type: "planned", table, plan: planOf(table.seats, map) };
}

/** Whether the new goal wants this move, too, or it cannot be taken back any more. Otherwise it is rolled back. */
function mayGoOn(goal: readonly SlotRange[], { isPassing, spans, to }: Move): boolean {
  const leadsTo = ({ start, end }: SlotSpan): boolean =>
    goal.every((range) => range.owner === to || range.end < start || range.start > end);
  return isPassing === true || spans.every(leadsTo);
}

const passingTo = ({ moves }: SlotMap, seat: string): readonly Move[] =>
  moves.filter(({ isPassing, to }) => isPassing === true && to === seat);

/**
 * The target of these moves is gone for good, and with it what it was told since. A source keeps its keys until its target
 * has all of them, so it goes on with what it has.
 */
function withReturned(map: SlotMap, returned: readonly Move[]): SlotMap {
  const owners = returned.reduce((before, { from, spans }) => given(before, spans, from), map.owners);
  return { ...map, owners, moves: map.moves.filter((move) => !returned.includes(move)) };
}

const planned = (
  table: RingTable,
  seats: readonly Seat[],
  slots: SlotMap,
  returned: readonly Move[] = [],
): RingChange => ({
  ...{ type: "planned", table: withSlots({ ...renewed(table), seats }, slots), plan: planOf(seats, slots, returned) },
});

function planOf(
  seats: readonly Seat[],
  { owners, goal = owners, moves }: SlotMap,
  returned: readonly Move[] = [],
): RingPlan {
  const found = differences(owners, goal);
  // Of slots that were passing from one seat to another, the one that has them now may lack something.
  const passing = [...returned, ...moves.filter(({ from, isPassing }) => isPassing && isGivenUp(seats, from))];
  const lost = [...owners.filter(({ owner }) => isGivenUp(seats, owner)), ...passing.flatMap(({ spans }) => spans)];
  const lostSlots = countOf(lost);
  const ranges = [owners.length, goal.length] as const;
  return { differences: found, slots: countOf(found), lostSlots, of: countOf(owners), ranges };
}

const refused = (reason: string): RingChange => ({ type: "refused", reason });
