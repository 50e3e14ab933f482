import { isGivenUp } from "./given-up.ts";
import type { Cursor } from "./move-message.ts";
import type { Peer } from "./peer.ts";
import { renewed, type RingTable, type Seat, withSlots } from "./ring-table.ts";
import { differences, given, type Move, nextBatch, type SlotMap } from "./slot-map.ts";

type Peers = ReadonlyMap<string, Peer>;

/** The next change that the moves of slots need, as the leader sees the nodes. */
export function nextMove(table: RingTable, peers: Peers): RingTable | undefined {
  const map = table.slots;
  if (map === undefined) return undefined;
  const moves = map.moves
    .filter((move) => !hasArrived(table, move, peers))
    .map((move): Move => (isReady(table, move, peers) ? { ...move, isPassing: true } : move));
  const passing = moves.filter(({ isPassing }) => isPassing);
  const owners = passing.reduce((before, { spans, to }) => given(before, spans, to), map.owners);
  const version = table.version + 1;
  const next = withNextBatch(table, { ...map, owners, moves }, version);
  const isOther = next.moves.length !== map.moves.length || next.moves.some((move, at) => move !== map.moves[at]);
  if (isOther) return withSlots(renewed(table), next);
  if (map.goal === undefined || map.moves.length > 0 || differences(map.owners, map.goal).length > 0) return undefined;
  return withSlots(renewed(table), { ...map, goal: undefined });
}

function withNextBatch({ seats }: RingTable, map: SlotMap, version: number): SlotMap {
  const isServed = (name: string): boolean => seats.some((seat) => seat.name === name && seat.epoch > 0);
  const batch = nextBatch(map, isServed);
  if (batch === undefined) return map;
  return { ...map, moves: [...map.moves, { id: version, attempt: version, retries: 0, ...batch }] };
}

/** The target and its copies in sync have everything, by the word of the primary that the table names. */
const hasArrived = (table: RingTable, move: Move, peers: Peers): boolean =>
  move.isPassing === true && cursorOf(table, move, peers)?.isFinal === true;

/**
 * The target has nearly everything, by the word of the source's primary that the table names, for the present attempt. A
 * source that is gone for good has nothing, and says nothing.
 */
function isReady(table: RingTable, { id, attempt, from, isPassing }: Move, peers: Peers): boolean {
  if (isPassing === true) return false;
  if (isGivenUp(table.seats, from)) return true;
  const primary = primaryOf(table, from, peers);
  if (primary === undefined) return false;
  return (primary.peer.moves?.ready ?? []).some(
    (ready) => ready.move === id && ready.attempt === attempt && ready.epoch === primary.seat.epoch,
  );
}

export function cursorOf(table: RingTable, { id, to }: Move, peers: Peers): Cursor | undefined {
  const primary = primaryOf(table, to, peers);
  const arrivals = primary?.peer.moves?.arrivals;
  return arrivals?.find(({ epoch, cursor }) => epoch === primary?.seat.epoch && cursor.move === id)?.cursor;
}

function primaryOf(table: RingTable, name: string, peers: Peers): { seat: Seat; peer: Peer } | undefined {
  const seat = table.seats.find((each) => each.name === name);
  const peer = peers.get(seat?.primary.node ?? "");
  return seat === undefined || peer?.run !== seat.primary.run ? undefined : { seat, peer };
}
