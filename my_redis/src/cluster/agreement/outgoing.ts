import { hasAll } from "./incoming.ts";
import type { MoveAsk, Ready } from "./move-message.ts";
import { advanced } from "./progress.ts";
import type { Member } from "./ring-member.ts";
import { type RingTable, type Seat, seatOf } from "./ring-table.ts";
import type { Outgoing, Serving } from "./serving-state.ts";
import { given, hasSlot, type Move, ownerOf, type SlotMap, type SlotSpan } from "./slot-map.ts";
import type { Turn } from "./turn.ts";

const movesFrom = (table: RingTable, seat: string): readonly Move[] =>
  table.slots?.moves.filter(({ from }) => from === seat) ?? [];

/**
 * The table has changed. What a target has holds for one attempt alone. Requests do not go on once they have stopped. A
 * primary that has taken over does not begin with them: another one may have stopped for good already.
 */
export function updateOutgoing({ member, effects }: Turn, table: RingTable, seat: Seat): void {
  const { serving } = member;
  if (serving === undefined) return;
  const outgoing = new Map<number, Outgoing>();
  for (const { id, attempt, isPassing } of movesFrom(table, seat.name)) {
    const before = serving.outgoing.get(id);
    const progress = before?.attempt === attempt ? before : { attempt, progress: undefined, isReady: false };
    const stopping = isPassing ? (before === undefined ? "done" : "asked") : undefined;
    const freeze = before?.freeze ?? stopping;
    outgoing.set(id, { ...progress, freeze });
    if (freeze === "asked" && before?.freeze === undefined) effects.push({ type: "freeze", move: id });
  }
  member.serving = { ...serving, outgoing };
}

/** The target of a move asks for more, and says what it has safely. */
export function onAsked({ member, nowMs }: Turn, run: number, { move, attempt, acknowledged }: MoveAsk): void {
  const { serving, position, timing } = member;
  const outgoing = serving?.outgoing.get(move);
  if (serving === undefined || outgoing?.attempt !== attempt || acknowledged === undefined) return;
  const { source, isWhole } = acknowledged;
  if (!isWhole || source.epoch !== serving.epoch || position.epoch !== serving.epoch) return;
  const last = outgoing.progress;
  if (last !== undefined && (last.run > run || (last.run === run && source.offset < last.offset))) return;
  const before = last?.run === run ? last : undefined;
  const progress = advanced(before, { run, offset: source.offset, whole: position.offset, nowMs });
  const isReady = nowMs - progress.caughtUpAtMs <= timing.heartbeatMs;
  setOutgoing(member, serving, move, { ...outgoing, progress, isReady });
}

/** Requests for these slots have stopped. */
export function onFrozen({ member }: Turn, move: number): void {
  const { serving } = member;
  const outgoing = serving?.outgoing.get(move);
  if (serving === undefined || outgoing?.freeze !== "asked") return;
  setOutgoing(member, serving, move, { ...outgoing, freeze: "done" });
}

function setOutgoing(member: Member, serving: Serving, move: number, outgoing: Outgoing): void {
  member.serving = { ...serving, outgoing: new Map(serving.outgoing).set(move, outgoing) };
}

/** What this primary tells its leader. */
export const readyOf = ({ epoch, outgoing }: Serving): Ready[] =>
  [...outgoing].flatMap(([move, { attempt, isReady }]) => (isReady ? [{ move, attempt, epoch }] : []));

export function readyCount(serving: Serving | undefined): number {
  let count = 0;
  for (const { isReady } of serving?.outgoing.values() ?? []) if (isReady) count++;
  return count;
}

/** Whether requests for the slots of a move have stopped at this source: what it has is all. */
export const hasStopped = ({ serving }: Member, move: number): boolean =>
  serving?.outgoing.get(move)?.freeze === "done";

/** Whether a primary may carry out requests for this slot. In a ring that does not agree on slots, others decide that. */
export function mayCarryOut(member: Member, slot: number): boolean {
  const { committed, self } = member;
  const map = committed?.slots;
  if (map === undefined) return true;
  const seat = seatOf(committed!, self)?.name;
  const passing = passingOf(map, slot);
  if (passing === undefined) return ownerOf(map, slot) === seat;
  // What was begun before, as a script, is carried out to its end.
  if (passing.from === seat) return member.serving?.outgoing.get(passing.id)?.freeze === "asked";
  return passing.to === seat && hasAll(member, passing.id);
}

const passingOf = ({ moves }: SlotMap, slot: number): Move | undefined =>
  moves.find(({ isPassing, spans }) => isPassing && hasSlot(spans, slot));

/** Whether what was prepared for a slot is to be carried out here: it is this seat's own, or its last writes have yet to go. */
export function mayEnd(member: Member, slot: number): boolean {
  const { committed, self } = member;
  const map = committed?.slots;
  const seat = committed === undefined ? undefined : seatOf(committed, self)?.name;
  if (map === undefined || seat === undefined) return false;
  return ownerOf(map, slot) === seat || passingOf(map, slot)?.from === seat;
}

/** The slots whose keys belong into the data of this seat. A primary deletes the others. */
export function heldBy({ moves, owners }: SlotMap, seat: string): readonly SlotSpan[] {
  const isNeeded = ({ from, isPassing, to }: Move): boolean => to === seat || (isPassing === true && from === seat);
  return [...owners.filter(({ owner }) => owner === seat), ...moves.filter(isNeeded).flatMap(({ spans }) => spans)];
}

/** Why a write across seats may not be prepared for these slots of this primary: another seat owns one of them, or it has not come as a whole. */
export function obstacleTo(member: Member, slots: Iterable<number>): "busy" | "elsewhere" | undefined {
  const { committed, self } = member;
  const seat = committed === undefined ? undefined : seatOf(committed, self);
  const map = committed?.slots;
  if (map === undefined || seat === undefined) return "elsewhere";
  for (const slot of slots) {
    if (ownerOf(map, slot) !== seat.name) return "elsewhere";
    if (!mayCarryOut(member, slot)) return "busy";
  }
  return undefined;
}

/** Whether this primary's seat has slots, or has yet to give its last ones away. Without them it takes part in no write across seats. */
export function hasSlots({ committed, self }: Member): boolean {
  const seat = committed === undefined ? undefined : seatOf(committed, self)?.name;
  const map = committed?.slots;
  if (map === undefined || seat === undefined) return false;
  return (
    map.owners.some(({ owner }) => owner === seat) || map.moves.some((move) => move.isPassing && move.from === seat)
  );
}

/** Whether a move takes the last slots of its source, which may leave the ring then. */
export function takesAll({ slots: map }: RingTable, { from, spans }: Move): boolean {
  const left = map === undefined ? [] : given(map.owners, spans, "");
  return left.every(({ owner }) => owner !== from);
}
