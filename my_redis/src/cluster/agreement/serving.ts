import { isHanding } from "./handing.ts";
import { mayAnswerHanding } from "./handing.ts";
import type { Member } from "./ring-member.ts";
import type { Serving } from "./serving-state.ts";
import { advanced } from "./progress.ts";
import type { Position } from "./position.ts";
import type { Wish } from "./ring-message.ts";
import { type Copy, hasCopy, isSameSet, type Seat, seatOf } from "./ring-table.ts";
import type { Turn } from "./turn.ts";

export function startServing(turn: Turn, seat: Seat): void {
  const { member, nowMs } = turn;
  member.serving = {
    epoch: seat.epoch,
    revision: seat.revision,
    sinceMs: nowMs,
    offset: 0,
    acknowledged: 0,
    waitFor: othersInSync(seat, member.self),
    progress: new Map(),
    outgoing: new Map(),
    handing: undefined,
    incoming: [],
  };
}

/** The seat has changed: what was asked before cannot be carried out any more. */
export function updateCopies({ member }: Turn, seat: Seat): void {
  const { serving } = member;
  if (serving === undefined || serving.revision === seat.revision) return;
  // A replica that has left its place is not waited for again.
  const progress = new Map([...serving.progress].filter(([node]) => seat.nodes.includes(node)));
  const waitFor = othersInSync(seat, member.self);
  member.serving = acknowledging({ ...serving, revision: seat.revision, waitFor, progress });
}

export function onOwnPosition({ member }: Turn, position: Position, kept: Position): void {
  member.position = position;
  member.keptPosition = kept;
  const { serving } = member;
  if (serving === undefined || serving.epoch !== kept.epoch) return;
  member.serving = acknowledging({ ...serving, offset: kept.offset });
}

/** A replica says how far it has come. What it says about another epoch is about other writes. */
export function onReplicated(turn: Turn, node: string, run: number, position: Position): void {
  const { member, nowMs } = turn;
  const { committed, serving } = member;
  if (serving === undefined || serving.epoch !== position.epoch) return;
  if (committed === undefined || seatOf(committed, member.self)?.nodes.includes(node) !== true) return;
  const last = serving.progress.get(node);
  if (last !== undefined && last.run > run) return;
  const before = last?.run === run ? last : undefined;
  if (before !== undefined && position.offset < before.offset) return;
  const reached = advanced(before, { run, offset: position.offset, whole: serving.offset, nowMs });
  const progress = new Map(serving.progress).set(node, reached);
  member.serving = acknowledging({ ...serving, progress });
  updateServing(turn);
}

/**
 * Begins to wait for a replica that has caught up. While clients write without a pause, it is never where this primary is: so one
 * that is close is waited for as well, and is asked to be in sync when it has all that was acknowledged.
 */
export function updateServing({ member, nowMs }: Turn): void {
  const { serving, timing } = member;
  if (serving === undefined) return;
  for (const [node, { run, offset, caughtUpAtMs }] of serving.progress) {
    const copy = { node, run };
    const mayLagMs = offset < serving.acknowledged ? timing.lagMs / 8 : timing.lagMs / 2;
    if (hasCopy(serving.waitFor, copy) || nowMs - caughtUpAtMs > mayLagMs) continue;
    member.serving = acknowledging({ ...serving, waitFor: [...serving.waitFor, copy] });
    return;
  }
}

/** Whether a copy has all that was acknowledged. While writes wait for it, this stays so. */
const hasAll = ({ acknowledged, progress }: Serving, { node, run }: Copy): boolean => {
  const known = progress.get(node);
  return known?.run === run && known.offset >= acknowledged;
};

/** What this primary asks of its leader: to leave out who is behind, and to add those that have everything and for whom writes wait. */
export function wishOf(member: Member, nowMs: number): Wish | undefined {
  const { serving, committed, self, durable } = member;
  if (serving === undefined || committed === undefined) return undefined;
  const inSync = seatOf(committed, self)?.inSync ?? [];
  const { handing } = serving;
  if (handing?.asked !== undefined) {
    return { revision: serving.revision, inSync, handOver: { to: handing.to, leaves: handing.leaves } };
  }
  const followed = serving.waitFor.filter((copy) => isFresh(member, serving, copy, nowMs));
  const complete = followed.filter((copy) => hasCopy(inSync, copy) || hasAll(serving, copy));
  const wanted = [{ node: self, run: durable.run }, ...complete];
  // A request that is on its way is made void by another one, even if that changes nothing.
  const isSettled = serving.waitFor.length === followed.length;
  return isSettled && isSameSet(wanted, inSync) ? undefined : { revision: serving.revision, inSync: wanted };
}

/**
 * Whether a primary may carry out requests, and send its replicas anything. Its disk knows its epoch first: so whoever comes back without an epoch has
 * forgotten what it had, and did not just have nothing yet.
 */
export const isReady = ({ serving, keptPosition }: Member): boolean => serving?.epoch === keptPosition.epoch;

/** Whether every replica that answers wait for has been heard in this epoch. Before that, no answer could be released. */
const isFollowed = ({ serving, committed }: Member): boolean =>
  committed?.acknowledgement !== "replica" || serving?.waitFor.every(({ node }) => serving.progress.has(node)) === true;

/** Whether somebody may be given all data now. A copy in sync may be behind: this is how it catches up. */
export const mayCopy = (member: Member, nowMs: number): boolean =>
  member.serving !== undefined && isReady(member) && nowMs < member.leaseUntilMs;

/** Whether an answer that shows the first `offset` writes of `epoch` may be released now. */
export function mayAnswer(member: Member, { epoch, offset }: Position, nowMs: number): boolean {
  const { serving, committed, leaseUntilMs } = member;
  if (serving?.epoch !== epoch) return false;
  const { handing } = serving;
  const isCurrent = nowMs < leaseUntilMs || (handing !== undefined && mayAnswerHanding(handing, offset, nowMs));
  if (!isCurrent) return false;
  if (committed?.acknowledgement === "replica") return offset <= serving.acknowledged;
  return serving.waitFor.every((copy) => isFresh(member, serving, copy, nowMs));
}

/** Whether all copies in sync have the first `offset` writes of `epoch`, whatever answers wait for, and this primary may say so. */
export const isKept = ({ serving, leaseUntilMs }: Member, { epoch, offset }: Position, nowMs: number): boolean =>
  serving?.epoch === epoch && nowMs < leaseUntilMs && offset <= serving.acknowledged;

function isFresh({ timing }: Member, { progress, sinceMs }: Serving, { node, run }: Copy, nowMs: number): boolean {
  const known = progress.get(node);
  if (known !== undefined && known.run !== run) return false;
  return nowMs - Math.max(sinceMs, known?.caughtUpAtMs ?? sinceMs) <= timing.lagMs;
}

const othersInSync = (seat: Seat, self: string): Copy[] => seat.inSync.filter(({ node }) => node !== self);

function acknowledging(serving: Serving): Serving {
  let least = serving.offset;
  for (const { node, run } of serving.waitFor) {
    const known = serving.progress.get(node);
    least = Math.min(least, known?.run === run ? known.offset : 0);
  }
  return least > serving.acknowledged ? { ...serving, acknowledged: least } : serving;
}

/**
 * Whether requests may be carried out now. Before the replicas follow, the replies to them would wait with those of clients,
 * which wait for these replicas.
 */
export function mayCarryOut(member: Member, nowMs: number): boolean {
  const { committed, serving } = member;
  if (serving === undefined || !isReady(member) || committed?.slots === undefined) return false;
  if (isHanding(member) || !isFollowed(member)) return false;
  return mayAnswer(member, { epoch: serving.epoch, offset: 0 }, nowMs);
}
