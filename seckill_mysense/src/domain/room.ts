import type { RateRange } from "./admission-rate.ts";

/**
 * `draw`: those who are present at the closing are drawn, and who comes later stands behind them. `queue`: everybody
 * stands in the order of coming. `ballot`: those who entered before the closing are drawn, nobody enters later, and the
 * first ones win: all of them are admitted at once.
 */
export type RoomMode = "draw" | "queue" | "ballot";

/** The waiting room of a sale as its merchant wants it. Times are Unix milliseconds. */
export interface RoomSettings {
  readonly mode: RoomMode;
  readonly opensAtMs: number;
  /** When the entries are closed that take part in the draw; undefined in a queue, which has no draw. */
  readonly closesAtMs: number | undefined;
  /** How many come in within 1,000 seconds: a whole number says rates below one a second, too. 0 in a ballot. */
  readonly admitPer1000Seconds: number;
  /** The rate follows the load of the checkout between these, and begins with the least; undefined: it is as it is set. */
  readonly rateRange?: RateRange | undefined;
  /** How many win a ballot; undefined in other modes, and in a ballot with as many winners as its stock is enough for. */
  readonly winners?: number | undefined;
  /** Who is admitted has this long to get a token, and in a ballot to buy. */
  readonly useWithinMs: number;
  /** Nobody is admitted before an operator opens the room. */
  readonly startsOnHold: boolean;
  /** Where the value comes from that nobody knows before the closing, as fair-draw's rules have it. */
  readonly publicValue: PublicValueSource;
}

/** The other fields are those of fair-draw's rules, which checks them. */
export interface PublicValueSource {
  readonly kind: "none" | "drand" | "witnesses";
}

export const maxAdmitPerSecond = 10_000;
export const maxUseWithinSeconds = 3_600;
/** A ballot's winners need not sit in front of the page. */
export const maxBallotWindowSeconds = 14 * 24 * 3_600;

/** Why a sale cannot have this room; undefined if it can. */
export function describeBadRoom(room: RoomSettings, startsAtMs: number): string | undefined {
  const { mode, opensAtMs, closesAtMs } = room;
  const badAdmission = mode === "ballot" ? describeBadBallot(room) : describeBadRate(room);
  if (badAdmission !== undefined) return `room: ${badAdmission}`;
  const maxWindowSeconds = mode === "ballot" ? maxBallotWindowSeconds : maxUseWithinSeconds;
  if (!isBetween(room.useWithinMs, 1_000, maxWindowSeconds * 1_000)) {
    return `room: use_within_seconds is ${room.useWithinMs / 1_000}, not from 1 to ${maxWindowSeconds} in a ${mode}`;
  }
  if (mode === "queue") {
    if (closesAtMs !== undefined) return "room: a queue has no closes_at: everybody stands in the order of coming";
    if (room.publicValue.kind !== "none") return "room: a queue draws nothing, and needs no public_value";
    if (opensAtMs <= startsAtMs) return undefined;
    return `room: opens_at is ${iso(opensAtMs)}, after the start of the sale, ${iso(startsAtMs)}`;
  }
  if (closesAtMs === undefined || closesAtMs <= opensAtMs) {
    return `room: closes_at must be later than opens_at, ${iso(opensAtMs)}`;
  }
  if (closesAtMs <= startsAtMs) return undefined;
  return `room: closes_at is ${iso(closesAtMs)}, after the start of the sale, ${iso(startsAtMs)}`;
}

/** Why a rate cannot move between these; undefined if it can. */
export function describeBadRange({ least, most }: RateRange): string | undefined {
  const highest = maxAdmitPerSecond * 1_000;
  if (isBetween(least, 1, highest) && isBetween(most, least, highest)) return undefined;
  return `admit_per_second is from ${least / 1_000} to ${most / 1_000}; least must not be above most, both from 0.001 to ${maxAdmitPerSecond}`;
}

function describeBadRate({ mode, admitPer1000Seconds, rateRange, winners }: RoomSettings): string | undefined {
  if (rateRange !== undefined && describeBadRange(rateRange) !== undefined) return describeBadRange(rateRange);
  if (winners !== undefined) return `a ${mode} has no winners: everybody is admitted in turn`;
  if (admitPer1000Seconds === 0) return `a ${mode} needs admit_per_second, from 0.001 to ${maxAdmitPerSecond}`;
  if (isBetween(admitPer1000Seconds, 1, maxAdmitPerSecond * 1_000)) return undefined;
  return `admit_per_second is ${admitPer1000Seconds / 1_000}, not from 0.001 to ${maxAdmitPerSecond}`;
}

function describeBadBallot({ admitPer1000Seconds, winners = 1 }: RoomSettings): string | undefined {
  if (admitPer1000Seconds !== 0) return "a ballot has no admit_per_second: its winners are admitted at once";
  if (isBetween(winners, 1, maxPlaces)) return undefined;
  return `winners is ${winners}, not a whole number from 1 to ${maxPlaces}`;
}

function isBetween(value: number, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= least && value <= most;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/**
 * How many are admitted from a moment of the ledger's clock on. Millionths of a visitor are whole numbers at each
 * millisecond, so no change of the rate gains or loses a part of one.
 */
export interface AdmissionStep {
  readonly sinceMs: number;
  /** Millionths of a visitor who were admitted at that moment. */
  readonly millionths: number;
  /** 0 while the room is on hold. */
  readonly per1000Seconds: number;
}

/** As many places as a number of an entry has values. */
const maxPlaces = 2 ** 32 - 1;
const oneVisitor = 1_000_000;

/**
 * How many places are admitted at a moment: a pure function of what the ledger says, so every gateway knows it and no
 * process has to count. `steps` are in the order of their moments; before the first one nobody is admitted.
 */
export function admittedAt(steps: readonly AdmissionStep[], atMs: number): number {
  const step = steps.findLast(({ sinceMs }) => sinceMs <= atMs);
  return step === undefined ? 0 : Math.floor(millionthsAt(step, atMs) / oneVisitor);
}

function millionthsAt({ sinceMs, millionths, per1000Seconds }: AdmissionStep, atMs: number): number {
  const grown = millionths + Math.max(0, atMs - sinceMs) * per1000Seconds;
  return Math.min(grown, maxPlaces * oneVisitor);
}

/**
 * When a place is admitted, as far as the steps tell: undefined while the room is on hold before it. Old steps may be
 * forgotten: a place that was admitted before the first known one gets the moment of that.
 */
export function admissionMs(steps: readonly AdmissionStep[], place: number): number | undefined {
  const needed = place * oneVisitor;
  // From behind: an earlier step may have run ahead of those who were there.
  const index = steps.findLastIndex(({ millionths }) => millionths < needed);
  const next = steps[index + 1];
  const step = steps[index];
  if (step === undefined) return next?.sinceMs;
  const { sinceMs, millionths, per1000Seconds } = step;
  const reachedMs = per1000Seconds === 0 ? Infinity : sinceMs + Math.ceil((needed - millionths) / per1000Seconds);
  const atMs = Math.min(reachedMs, next?.sinceMs ?? Infinity);
  return atMs === Infinity ? undefined : atMs;
}

/** Where somebody with a place stands. */
export type PlaceState =
  /** Undefined: the room is on hold. */
  | { readonly kind: "waiting"; readonly waitMs: number | undefined }
  | { readonly kind: "admitted"; readonly untilMs: number }
  | { readonly kind: "expired"; readonly sinceMs: number };

export function placeState(
  { steps, useWithinMs }: { readonly steps: readonly AdmissionStep[]; readonly useWithinMs: number },
  place: number,
  nowMs: number,
): PlaceState {
  const atMs = admissionMs(steps, place);
  if (atMs === undefined || atMs > nowMs) {
    return { kind: "waiting", waitMs: atMs === undefined ? undefined : atMs - nowMs };
  }
  const untilMs = atMs + useWithinMs;
  return nowMs < untilMs ? { kind: "admitted", untilMs } : { kind: "expired", sinceMs: untilMs };
}

/**
 * The last place whose window is over, of the places up to `entries`. Nobody has a higher one, even if the admission has
 * run ahead of those who were there.
 */
export function lastExpired(
  { steps, useWithinMs }: { readonly steps: readonly AdmissionStep[]; readonly useWithinMs: number },
  { from, entries, nowMs }: { readonly from: number; readonly entries: number; readonly nowMs: number },
): number {
  let [low, high] = [from, entries];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const atMs = admissionMs(steps, middle);
    if (atMs !== undefined && atMs + useWithinMs <= nowMs) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The step that begins or opens the admission of a room with so many winners, who are admitted at once. */
export function admitWinners(step: AdmissionStep, winners: number): AdmissionStep {
  return { ...step, millionths: Math.max(step.millionths, winners * oneVisitor) };
}

/** The step that follows when the rate changes, or when the room is held or opened. */
export function changeRate(steps: readonly AdmissionStep[], per1000Seconds: number, nowMs: number): AdmissionStep {
  const { sinceMs, millionths } = hereAndNow(steps, nowMs);
  return { sinceMs, millionths, per1000Seconds };
}

/** The step that follows when further places are admitted in exchange for those that were not used. */
export function passOn(steps: readonly AdmissionStep[], unused: number, nowMs: number): AdmissionStep {
  const { sinceMs, millionths, per1000Seconds } = hereAndNow(steps, nowMs);
  return { sinceMs, millionths: Math.min(millionths + unused * oneVisitor, maxPlaces * oneVisitor), per1000Seconds };
}

/** How far the admission may run ahead of those who are there. Steps stay few because of it. */
const leewayMs = 250;

/**
 * Nobody saves up admissions while nobody waits: otherwise a crowd that comes late would come in at once. The step that
 * follows before somebody gets the next number; undefined if none is needed.
 */
export function catchUp(steps: readonly AdmissionStep[], entries: number, nowMs: number): AdmissionStep | undefined {
  const { sinceMs, millionths, per1000Seconds } = hereAndNow(steps, nowMs);
  if (millionths - entries * oneVisitor <= per1000Seconds * leewayMs) return undefined;
  return { sinceMs, millionths: entries * oneVisitor, per1000Seconds };
}

/** A clock that was set back does not take back what was admitted. */
function hereAndNow(steps: readonly AdmissionStep[], nowMs: number): AdmissionStep {
  const last = steps.at(-1);
  if (last === undefined) return { sinceMs: nowMs, millionths: 0, per1000Seconds: 0 };
  const sinceMs = Math.max(nowMs, last.sinceMs);
  return { sinceMs, millionths: millionthsAt(last, sinceMs), per1000Seconds: last.per1000Seconds };
}

/** Steps before this one decide about no open window any more. */
export function firstNeededStep(steps: readonly AdmissionStep[], useWithinMs: number, nowMs: number): number {
  return Math.max(
    0,
    steps.findLastIndex(({ sinceMs }) => sinceMs <= nowMs - useWithinMs - leewayMs),
  );
}

/** Why a room cannot be published any more; undefined if it can. */
export function describeLateRoom(room: RoomSettings | undefined, nowMs: number): string | undefined {
  const closesAtMs = room?.closesAtMs;
  if (closesAtMs === undefined || nowMs < closesAtMs) return undefined;
  return `room: closes_at is ${iso(closesAtMs)}, which is over: nobody could enter`;
}

export function isSameRoom(one: RoomSettings | undefined, other: RoomSettings | undefined): boolean {
  return JSON.stringify(one && storedRoom(one)) === JSON.stringify(other && storedRoom(other));
}

/** The settings with their fields in one order, as the ledger keeps them. */
export function storedRoom({ mode, opensAtMs, closesAtMs, ...others }: RoomSettings): RoomSettings {
  const { admitPer1000Seconds, rateRange, winners, useWithinMs, startsOnHold, publicValue } = others;
  return {
    ...{ mode, opensAtMs, closesAtMs, admitPer1000Seconds, rateRange, winners, useWithinMs, startsOnHold, publicValue },
  };
}
