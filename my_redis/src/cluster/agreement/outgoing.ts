import type { Freeze, MoveAsk } from "./move-message.ts";
import { advanced } from "./progress.ts";
import type { Member } from "./ring-member.ts";
import { type RingTable, type Seat, seatOf } from "./ring-table.ts";
import { handOverMs } from "./ring-timing.ts";
import type { Outgoing, Serving } from "./serving-state.ts";
import { given, hasSlot, type Move, ownerOf } from "./slot-map.ts";
import type { Turn } from "./turn.ts";

/** Of how many times the length of a hand-over the pause before the next one is, at most. */
const mostPauses = 5;

const movesFrom = (table: RingTable, seat: string): readonly Move[] =>
  table.slots?.moves.filter(({ from }) => from === seat) ?? [];

/** The table has changed. A promise holds for its own attempt alone: with another one requests are carried out again. */
export function updateOutgoing({ member, nowMs }: Turn, table: RingTable, seat: Seat): void {
  const { serving } = member;
  if (serving === undefined) return;
  const outgoing = new Map<number, Outgoing>();
  for (const { id, attempt } of movesFrom(table, seat.name)) {
    const before = serving.outgoing.get(id);
    const isSame = before?.attempt === attempt;
    outgoing.set(id, isSame ? before : { attempt, sinceMs: nowMs, progress: undefined, freeze: undefined });
  }
  member.serving = { ...serving, outgoing };
}

/** The target of a move asks for more, and says what it has safely. */
export function onAsked(turn: Turn, run: number, { move, attempt, acknowledged }: MoveAsk): void {
  const { member, nowMs } = turn;
  const { serving, position } = member;
  const outgoing = serving?.outgoing.get(move);
  if (serving === undefined || outgoing?.attempt !== attempt || acknowledged === undefined) return;
  const { source, isWhole } = acknowledged;
  if (!isWhole || source.epoch !== serving.epoch || position.epoch !== serving.epoch) return;
  const last = outgoing.progress;
  if (last !== undefined && (last.run > run || (last.run === run && source.offset < last.offset))) return;
  const before = last?.run === run ? last : undefined;
  const progress = advanced(before, { run, offset: source.offset, whole: position.offset, nowMs });
  setOutgoing(member, serving, move, { ...outgoing, progress });
  freezeIfReady(turn, move);
}

/**
 * The target has nearly everything: requests stop, so that it can get the rest. After tries that did not succeed, requests
 * are carried out for longer and longer before the next one.
 */
function freezeIfReady({ member, nowMs, effects }: Turn, move: number): void {
  const { serving, timing, committed, self } = member;
  const outgoing = serving?.outgoing.get(move);
  if (serving === undefined || outgoing?.progress === undefined || outgoing.freeze !== undefined) return;
  if (nowMs - outgoing.progress.caughtUpAtMs > timing.heartbeatMs) return;
  const { retries } = movesFrom(committed!, seatOf(committed!, self)!.name).find(({ id }) => id === move)!;
  if (nowMs < outgoing.sinceMs + Math.min(retries, mostPauses) * handOverMs(timing)) return;
  setOutgoing(member, serving, move, { ...outgoing, freeze: "asked" });
  effects.push({ type: "freeze", move, attempt: outgoing.attempt });
}

/** Requests for these slots have stopped, after so many writes. */
export function onFrozen({ member, nowMs }: Turn, move: number, attempt: number, offset: number): void {
  const { serving } = member;
  const outgoing = serving?.outgoing.get(move);
  if (serving === undefined || outgoing?.attempt !== attempt || outgoing.freeze !== "asked") return;
  setOutgoing(member, serving, move, { ...outgoing, freeze: { offset, sinceMs: nowMs } });
}

function setOutgoing(member: Member, serving: Serving, move: number, outgoing: Outgoing): void {
  member.serving = { ...serving, outgoing: new Map(serving.outgoing).set(move, outgoing) };
}

/** What this primary promises its leader. */
export function freezesOf({ epoch, outgoing }: Serving, nowMs: number): Freeze[] {
  return [...outgoing].flatMap(([move, { attempt, freeze }]): Freeze[] => {
    if (freeze === undefined || freeze === "asked") return [];
    return [{ move, attempt, epoch, offset: freeze.offset, forMs: nowMs - freeze.sinceMs }];
  });
}

export const isFrozen = ({ serving }: Member, move: number): boolean =>
  serving?.outgoing.get(move)?.freeze !== undefined;

/** Whether a primary may carry out requests for this slot. In a ring that does not agree on slots, others decide that. */
export function mayCarryOut(member: Member, slot: number): boolean {
  const { committed, self } = member;
  const map = committed?.slots;
  if (map === undefined) return true;
  if (ownerOf(map, slot) !== seatOf(committed!, self)?.name) return false;
  return map.moves.every(({ id, spans }) => !isFrozen(member, id) || !hasSlot(spans, slot));
}

/**
 * Why a write across seats may not be prepared for these slots of this primary: another seat owns one of them, or they are about to
 * go.
 */
export function obstacleTo(member: Member, slots: Iterable<number>): "busy" | "elsewhere" | undefined {
  const { committed, self } = member;
  const seat = committed === undefined ? undefined : seatOf(committed, self);
  const map = committed?.slots;
  if (map === undefined || seat === undefined) return "elsewhere";
  const going = map.moves.filter(({ id }) => isFrozen(member, id));
  for (const slot of slots) {
    if (ownerOf(map, slot) !== seat.name) return "elsewhere";
    if (going.some(({ spans }) => hasSlot(spans, slot))) return "busy";
  }
  return undefined;
}

/** Whether a move takes the last slots of its source, which may leave the ring then. */
export function takesAll({ slots: map }: RingTable, { from, spans }: Move): boolean {
  const left = map === undefined ? [] : given(map.owners, spans, "");
  return left.every(({ owner }) => owner !== from);
}

/** Whether a slot's keys belong into the data of this seat. A primary deletes those that do not. */
export function mayHold(table: RingTable, seat: string, slot: number): boolean {
  const map = table.slots;
  if (map === undefined || ownerOf(map, slot) === seat) return true;
  return map.moves.some(({ to, spans }) => to === seat && hasSlot(spans, slot));
}
