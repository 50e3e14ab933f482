import type { Arrival, Cursor } from "./move-message.ts";
import type { Member } from "./ring-member.ts";
import { type RingTable, seatOf } from "./ring-table.ts";
import type { Incoming, Serving } from "./serving-state.ts";
import type { Move } from "./slot-map.ts";
import type { Turn } from "./turn.ts";

/** The moves that bring slots to the seat of this node, while it is the primary. */
export function movesTo({ committed, serving, self }: Member): readonly Move[] {
  const seat = committed === undefined ? undefined : seatOf(committed, self);
  if (seat === undefined || serving === undefined) return [];
  return committed?.slots?.moves.filter(({ to }) => to === seat.name) ?? [];
}

/** A part of a move has become a part of this seat's data. */
export function onIncoming({ member }: Turn, incoming: Incoming): void {
  const { serving } = member;
  if (serving === undefined) return;
  member.serving = withoutOlder({ ...serving, incoming: [...serving.incoming, incoming] });
}

export function updateIncoming({ member }: Turn, table: RingTable): void {
  const { serving } = member;
  if (serving === undefined) return;
  const moves = new Set(table.slots?.moves.map(({ id }) => id));
  member.serving = { ...serving, incoming: serving.incoming.filter(({ cursor }) => moves.has(cursor.move)) };
}

/** What is older than something that all copies have is needed no more. */
function withoutOlder(serving: Serving): Serving {
  const { incoming, acknowledged } = serving;
  const isOlder = ({ cursor }: Incoming, at: number): boolean =>
    incoming.slice(at + 1).some((later) => later.cursor.move === cursor.move && later.offset <= acknowledged);
  return { ...serving, incoming: incoming.filter((each, at) => !isOlder(each, at)) };
}

const safe = ({ incoming, acknowledged }: Serving): Incoming[] =>
  incoming.filter(({ offset }) => offset <= acknowledged);

/** What all copies of this seat that writes wait for have of a move. */
export const arrivedOf = (serving: Serving, move: number): Cursor | undefined =>
  safe(serving).findLast(({ cursor }) => cursor.move === move)?.cursor;

export function arrivalsOf(serving: Serving): Arrival[] {
  const cursors = new Map(safe(serving).map(({ cursor }) => [cursor.move, cursor]));
  return [...cursors.values()].map((cursor) => ({ epoch: serving.epoch, cursor }));
}

/** How many moves have come to their end, and are waiting for the leader. */
export const endedCount = (serving: Serving | undefined): number =>
  serving === undefined ? 0 : safe(serving).filter(({ cursor }) => cursor.isFinal).length;

/**
 * Whether this primary has everything of a move. Copies and disks need not have it yet: they get all later writes after
 * it, so no copy can have one of those without it.
 */
export const hasAll = ({ serving }: Member, move: number): boolean =>
  serving?.incoming.some(({ cursor }) => cursor.move === move && cursor.isFinal) === true;
