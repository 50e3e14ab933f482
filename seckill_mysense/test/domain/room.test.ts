import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  type AdmissionStep,
  admissionMs,
  admittedAt,
  catchUp,
  changeRate,
  describeBadRoom,
  firstNeededStep,
  lastExpired,
  passOn,
  placeState,
  type RoomSettings,
} from "../../src/domain/room.ts";
import { propertySettings } from "../gate/property-settings.ts";

const first: AdmissionStep = { sinceMs: 1_000, millionths: 0, per1000Seconds: 10_000 };

/** What happens to a room, each a while after the one before. */
const happening = fc.record({
  afterMs: fc.nat({ max: 20_000 }),
  what: fc.oneof(
    fc.record({ kind: fc.constant("rate" as const), value: fc.constantFrom(0, 1, 333, 10_000, 10_000_000) }),
    fc.record({ kind: fc.constant("unused" as const), value: fc.nat({ max: 50 }) }),
    fc.record({ kind: fc.constant("enter" as const), value: fc.integer({ min: 1, max: 100 }) }),
  ),
});
const happenings = fc.array(happening, { maxLength: 30 });

interface Played {
  readonly steps: AdmissionStep[];
  readonly endMs: number;
  /** When each place was given, from place 1 on. */
  readonly enteredMs: number[];
}

function play(events: readonly { afterMs: number; what: { kind: string; value: number } }[]): Played {
  const steps = [first];
  const enteredMs: number[] = [];
  let nowMs = first.sinceMs;
  for (const { afterMs, what } of events) {
    nowMs += afterMs;
    if (what.kind === "rate") steps.push(changeRate(steps, what.value, nowMs));
    if (what.kind === "unused") steps.push(passOn(steps, what.value, nowMs));
    if (what.kind !== "enter") continue;
    const step = catchUp(steps, enteredMs.length, nowMs);
    if (step !== undefined) steps.push(step);
    for (let index = 0; index < what.value; index++) enteredMs.push(nowMs);
  }
  return { steps, endMs: nowMs, enteredMs };
}

describe("the admission of a waiting room", () => {
  test("lets in exactly the rate", () => {
    expect(admittedAt([first], 999)).toBe(0);
    expect(admittedAt([first], 1_099)).toBe(0);
    expect(admittedAt([first], 1_100)).toBe(1);
    expect(admittedAt([first], 61_000)).toBe(600);
    const slow = [{ ...first, per1000Seconds: 1 }];
    expect([admittedAt(slow, 1_000_999), admittedAt(slow, 1_001_000)]).toEqual([0, 1]);
  });

  test("gains and loses nobody by a change of the rate", () => {
    const everyMs = fc.array(fc.integer({ min: 1, max: 999 }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(everyMs, fc.integer({ min: 1, max: 10_000_000 }), (pauses, rate) => {
        const steps = [{ ...first, per1000Seconds: rate }];
        let nowMs = first.sinceMs;
        for (const pauseMs of pauses) steps.push(changeRate(steps, rate, (nowMs += pauseMs)));
        expect(admittedAt(steps, nowMs)).toBe(Math.floor(((nowMs - first.sinceMs) * rate) / 1_000_000));
      }),
      propertySettings(200),
    );
  });

  test("never takes back a place that somebody has, whatever becomes of rate, hold and unused places", () => {
    fc.assert(
      fc.property(happenings, fc.nat({ max: 5_000 }), (events, laterMs) => {
        for (let length = 0; length < events.length; length++) {
          const before = play(events.slice(0, length));
          const after = play(events.slice(0, length + 1));
          const places = before.enteredMs.length;
          const atMs = before.endMs + Math.min(laterMs, after.endMs - before.endMs);
          const admitted = Math.min(places, admittedAt(before.steps, atMs));
          expect(admittedAt(after.steps, Math.max(atMs, after.endMs))).toBeGreaterThanOrEqual(admitted);
          for (const place of [1, admitted].filter((one) => one >= 1 && one <= admitted)) {
            expect(admissionMs(after.steps, place)).toBe(admissionMs(before.steps, place));
          }
        }
      }),
      propertySettings(100),
    );
  });

  test("says of each place when it is admitted, as the count of that moment does", () => {
    fc.assert(
      fc.property(happenings, (events) => {
        const { steps, enteredMs } = play(events);
        for (const [index, atMs] of enteredMs.entries()) {
          const place = index + 1;
          const admitted = admissionMs(steps, place);
          if (admitted === undefined) {
            expect(admittedAt(steps, Number.MAX_SAFE_INTEGER)).toBeLessThan(place);
            continue;
          }
          expect(admittedAt(steps, admitted)).toBeGreaterThanOrEqual(place);
          if (admitted > Math.max(atMs, first.sinceMs)) expect(admittedAt(steps, admitted - 1)).toBeLessThan(place);
        }
      }),
      propertySettings(200),
    );
  });

  test("saves nothing up while nobody waits", () => {
    const lateMs = 1_000_000;
    const step = catchUp([first], 3, lateMs)!;
    const crowd = [first, step];
    expect(admittedAt(crowd, lateMs)).toBe(3);
    expect(admittedAt(crowd, lateMs + 1_000)).toBe(13);
    expect(admissionMs(crowd, 4)).toBe(lateMs + 100);
    expect(catchUp(crowd, 3, lateMs + 100)).toBeUndefined();
    expect(catchUp([{ ...first, per1000Seconds: 0, millionths: 5_000_000 }], 3, lateMs)?.millionths).toBe(3_000_000);
  });

  test("is not set back with a clock", () => {
    const steps = [first, changeRate([first], 0, 5_000)];
    expect(changeRate(steps, 10_000, 2_000)).toEqual({
      sinceMs: 5_000,
      millionths: 40_000_000,
      per1000Seconds: 10_000,
    });
  });
});

describe("a place in a waiting room", () => {
  const room = { steps: [first], useWithinMs: 5_000 };

  test("waits, is admitted for its window, and is over", () => {
    expect(placeState(room, 10, 1_000)).toEqual({ kind: "waiting", waitMs: 1_000 });
    expect(placeState(room, 10, 2_000)).toEqual({ kind: "admitted", untilMs: 7_000 });
    expect(placeState(room, 10, 6_999)).toEqual({ kind: "admitted", untilMs: 7_000 });
    expect(placeState(room, 10, 7_000)).toEqual({ kind: "expired", sinceMs: 7_000 });
    const held = { ...room, steps: [first, changeRate([first], 0, 2_000)] };
    expect(placeState(held, 11, 3_000)).toEqual({ kind: "waiting", waitMs: undefined });
  });

  test("does not come back to life when old steps are forgotten", () => {
    fc.assert(
      fc.property(happenings, (events) => {
        const { steps, endMs, enteredMs } = play(events);
        const kept = { ...room, steps: steps.slice(firstNeededStep(steps, room.useWithinMs, endMs)) };
        for (const place of enteredMs.keys()) {
          const before = placeState({ ...room, steps }, place + 1, endMs);
          const after = placeState(kept, place + 1, endMs);
          expect(before.kind === "expired" ? before.kind : before).toEqual(
            after.kind === "expired" ? after.kind : after,
          );
        }
      }),
      propertySettings(200),
    );
  });

  test("counts as over only if somebody has it", () => {
    fc.assert(
      fc.property(happenings, (events) => {
        const { steps, endMs, enteredMs } = play(events);
        const of = { from: 0, entries: enteredMs.length, nowMs: endMs };
        const states = enteredMs.map((_, index) => placeState({ ...room, steps }, index + 1, endMs).kind);
        expect(lastExpired({ ...room, steps }, of)).toBe(states.filter((kind) => kind === "expired").length);
      }),
      propertySettings(200),
    );
  });
});

describe("the settings of a waiting room", () => {
  const room: RoomSettings = {
    ...{ mode: "draw", opensAtMs: 1_000, closesAtMs: 2_000, admitPer1000Seconds: 50_000, useWithinMs: 60_000 },
    ...{ startsOnHold: false, publicValue: { kind: "none" } },
  };

  test("close before the sale starts, and open before they close", () => {
    expect(describeBadRoom(room, 2_000)).toBeUndefined();
    expect(describeBadRoom(room, 1_999)).toContain("after the start of the sale");
    expect(describeBadRoom({ ...room, closesAtMs: 1_000 }, 2_000)).toContain("later than opens_at");
    expect(describeBadRoom({ ...room, closesAtMs: undefined }, 2_000)).toContain("closes_at");
    expect(describeBadRoom({ ...room, admitPer1000Seconds: 0 }, 2_000)).toContain("admit_per_second");
    expect(describeBadRoom({ ...room, useWithinMs: 999 }, 2_000)).toContain("use_within_seconds");
  });

  test("have no closing in a queue", () => {
    const queue: RoomSettings = { ...room, mode: "queue", closesAtMs: undefined };
    expect(describeBadRoom(queue, 1_000)).toBeUndefined();
    expect(describeBadRoom(queue, 999)).toContain("opens_at");
    expect(describeBadRoom({ ...queue, closesAtMs: 2_000 }, 2_000)).toContain("no closes_at");
  });
});
