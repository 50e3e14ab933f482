import { isGivenUp, nothing } from "./given-up.ts";
import type { Cursor, Freeze } from "./move-message.ts";
import type { Peer } from "./peer.ts";
import { renewed, type RingTable, type Seat, withSlots } from "./ring-table.ts";
import { handOverMs, type RingTiming } from "./ring-timing.ts";
import { differences, given, type Move, nextBatch, retried, type SlotMap } from "./slot-map.ts";

type Peers = ReadonlyMap<string, Peer>;

/** The next change that the moves of slots need, as the leader sees the nodes. */
export function nextMove(table: RingTable, peers: Peers, timing: RingTiming): RingTable | undefined {
  const map = table.slots;
  if (map === undefined) return undefined;
  const version = table.version + 1;
  for (const move of map.moves) {
    if (hasArrived(table, move, peers)) return withSlots(renewed(table), handedOver(map, move));
    if (isFrozenTooLong(table, move, peers, timing)) {
      const moves = map.moves.map((each) => (each === move ? retried(move, version) : each));
      return withSlots(renewed(table), { ...map, moves });
    }
  }
  const isServed = (name: string): boolean => table.seats.some((seat) => seat.name === name && seat.epoch > 0);
  const batch = nextBatch(map, isServed);
  if (batch !== undefined) {
    const move = { id: version, attempt: version, retries: 0, ...batch };
    return withSlots(renewed(table), { ...map, moves: [...map.moves, move] });
  }
  if (map.goal === undefined || differences(map.owners, map.goal).length > 0) return undefined;
  return withSlots(renewed(table), { ...map, goal: undefined });
}

function handedOver(map: SlotMap, { id, spans, to }: Move): SlotMap {
  return { ...map, owners: given(map.owners, spans, to), moves: map.moves.filter((each) => each.id !== id) };
}

/**
 * The source has stopped, and the target and its copies in sync have everything until then. Both words count only from
 * the primaries that the table names, and the source's only for the present attempt.
 */
function hasArrived(table: RingTable, move: Move, peers: Peers): boolean {
  // A source that is gone for good need not stop: it has no lease, and gets none.
  const freeze = isGivenUp(table.seats, move.from) ? nothing : freezeOf(table, move, peers);
  const cursor = cursorOf(table, move, peers);
  if (freeze === undefined || cursor === undefined || !cursor.isWhole) return false;
  return cursor.source.epoch === freeze.epoch && cursor.source.offset >= freeze.offset;
}

/** The slots are served by nobody meanwhile: if the target does not come to its end, the source goes on. */
function isFrozenTooLong(table: RingTable, move: Move, peers: Peers, timing: RingTiming): boolean {
  const freeze = freezeOf(table, move, peers);
  return freeze !== undefined && freeze.forMs > handOverMs(timing);
}

function freezeOf(table: RingTable, { id, attempt, from }: Move, peers: Peers): Freeze | undefined {
  const primary = primaryOf(table, from, peers);
  return primary?.peer.moves?.freezes.find(
    (freeze) => freeze.move === id && freeze.attempt === attempt && freeze.epoch === primary.seat.epoch,
  );
}

export function cursorOf(table: RingTable, { id, to }: Move, peers: Peers): Cursor | undefined {
  const primary = primaryOf(table, to, peers);
  const arrivals = primary?.peer.moves?.arrivals;
  return arrivals?.find(({ epoch, cursor }) => epoch === primary?.seat.epoch && cursor.move === id)?.cursor;
}

export const isFrozenBySource = (table: RingTable, move: Move, peers: Peers): boolean =>
  freezeOf(table, move, peers) !== undefined;

function primaryOf(table: RingTable, name: string, peers: Peers): { seat: Seat; peer: Peer } | undefined {
  const seat = table.seats.find((each) => each.name === name);
  const peer = peers.get(seat?.primary.node ?? "");
  return seat === undefined || peer?.run !== seat.primary.run ? undefined : { seat, peer };
}
