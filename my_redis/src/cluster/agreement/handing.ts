import type { Member } from "./ring-member.ts";
import type { HandOver } from "./ring-message.ts";
import { type Copy, hasCopy, isSameCopy, type RingTable, type Seat, seatOf, withPrimary } from "./ring-table.ts";
import { handOverMs } from "./ring-timing.ts";
import type { Handing, Serving } from "./serving-state.ts";
import type { Turn } from "./turn.ts";

/** An operator wants this primary to hand its seat over: to a node, or to the replica that is furthest. */
export function onHandOver(turn: Turn, node: string | undefined, leaves: boolean): void {
  const { member, nowMs } = turn;
  const { serving } = member;
  if (serving === undefined || serving.handing !== undefined || nowMs >= member.leaseUntilMs) return;
  const offsetOf = (copy: Copy): number => serving.progress.get(copy.node)?.offset ?? 0;
  const [to] = mayFollow(member, serving)
    .filter((copy) => node === undefined || copy.node === node)
    .toSorted((one, other) => offsetOf(other) - offsetOf(one));
  if (to === undefined) return;
  member.serving = { ...serving, handing: { to, leaves, sinceMs: nowMs, asked: undefined } };
}

/** The replicas to which a primary can hand over: in sync by the table, and for writes as well. */
export function mayFollow({ committed, self }: Member, { waitFor }: Serving): readonly Copy[] {
  const inSync = committed === undefined ? [] : (seatOf(committed, self)?.inSync ?? []);
  return waitFor.filter((copy) => hasCopy(inSync, copy));
}

/** Whether a primary carries out nothing, because it hands over. */
export const isHanding = ({ serving }: Member): boolean => serving?.handing !== undefined;

/** Asks the leader when the replica has everything, and gives up when that takes too long. True: the leader should be told. */
export function updateHanding({ member, nowMs }: Turn): boolean {
  const { serving, timing, leaseUntilMs } = member;
  const handing = serving?.handing;
  if (serving === undefined || handing === undefined) return false;
  if (nowMs - handing.sinceMs > handOverMs(timing)) {
    member.serving = { ...serving, handing: undefined };
    if (handing.asked === undefined) return false;
    // The leader may still do what it was asked for, unless it grants a lease on an answer that asks for it no more.
    member.leaseSinceMs = nowMs;
    return true;
  }
  const known = serving.progress.get(handing.to.node);
  // Not only what the disk has: where writes do not wait for it, they may have been answered before.
  const { offset } = member.position;
  if (handing.asked !== undefined || known?.run !== handing.to.run || known.offset < offset) return false;
  member.serving = { ...serving, handing: { ...handing, asked: { offset, leaseUntilMs } } };
  member.leaseUntilMs = Number.NEGATIVE_INFINITY;
  return true;
}

/**
 * Whether a lease that was asked for at that time counts: not while another primary may have been appointed. An answer of the very
 * moment in which the handover was given up may have asked for it.
 */
export const mayTakeLease = ({ serving, leaseSinceMs }: Member, askedAtMs: number): boolean =>
  serving?.handing?.asked === undefined && askedAtMs > leaseSinceMs;

/** Whether the answer of a primary that hands over may go: it was carried out before, and the replica has what it shows. */
export function mayAnswerHanding({ asked }: Handing, offset: number, nowMs: number): boolean {
  return asked !== undefined && offset <= asked.offset && nowMs < asked.leaseUntilMs;
}

/** The table with which a handover is done. Undefined when the replica is not in sync. */
export function handedOver(table: RingTable, seat: Seat, { to, leaves }: HandOver): RingTable | undefined {
  if (!hasCopy(seat.inSync, to) || isSameCopy(to, seat.primary)) return undefined;
  const inSync = leaves ? seat.inSync.filter((copy) => !isSameCopy(copy, seat.primary)) : seat.inSync;
  return withPrimary(table, seat, to, inSync);
}
