import { describe, expect, test } from "bun:test";
import {
  type CheckoutLoad,
  controlRate,
  type RateControl,
  type RateRange,
  watchRate,
} from "../../src/domain/admission-rate.ts";
import { SeededRandom } from "../../../tools/seeded-random.ts";

const range: RateRange = { least: 1_000, most: 500_000 };
const stepMs = 1_000;
const minuteMs = 60_000;

interface Shop {
  /** Purchases a second that the checkout records, from a moment on. */
  readonly capacityAt: (ms: number) => number;
  /** Purchases that one admitted visitor makes. */
  readonly perVisitor?: number;
  /** How far admissions and capacity stray, as a part of them. */
  readonly noise?: number;
  /** How old a report is when it is read. */
  readonly reportLagMs?: number;
  readonly seed?: number;
}

interface Played {
  readonly rates: number[];
  readonly delaysMs: number[];
  readonly downs: number;
}

/** A line in front of a checkout, on a clock of its own: what is admitted has to be recorded, and reports are late. */
function play({ capacityAt, perVisitor = 1, noise = 0, reportLagMs = 1_000, seed = 1 }: Shop, forMs: number): Played {
  const random = new SeededRandom(seed);
  const stray = (): number => 1 + noise * (2 * random.next() - 1);
  let control: RateControl = watchRate(undefined, range.least, 0);
  let waiting = 0;
  let downs = 0;
  const [rates, delaysMs]: [number[], number[]] = [[], []];
  for (let nowMs = 0; nowMs < forMs; nowMs += stepMs) {
    const capacity = capacityAt(nowMs) * stray();
    waiting = Math.max(0, waiting + ((control.rate / 1_000) * perVisitor * stray() - capacity) * (stepMs / 1_000));
    delaysMs.push(capacity === 0 ? (waiting > 0 ? 60_000 : 0) : (waiting / capacity) * 1_000);
    const seenMs = delaysMs.at(-1 - Math.ceil(reportLagMs / stepMs)) ?? 0;
    const load: CheckoutLoad = { delayMs: seenMs, failedShare: 0 };
    const step = controlRate(control, load, range, nowMs);
    control = step.control;
    if (step.change === "down") downs++;
    rates.push(control.rate / 1_000);
  }
  return { rates, delaysMs, downs };
}

const between = (values: readonly number[], fromMs: number, toMs: number): number[] =>
  values.slice(fromMs / stepMs, toMs / stepMs);
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("the control of an admission by the load of the checkout, on a virtual clock", () => {
  for (const capacity of [3, 20, 90, 400]) {
    for (const noise of [0, 0.2]) {
      test(`settles below a capacity of ${capacity} a second with a noise of ${noise * 100}%, and does not swing`, () => {
        for (let seed = 1; seed <= 20; seed++) {
          const { rates, delaysMs, downs } = play({ capacityAt: () => capacity, noise, seed }, 60 * minuteMs);
          const settled = between(rates, 3 * minuteMs, 60 * minuteMs);
          expect(Math.min(...settled)).toBeGreaterThan(capacity * (0.7 - noise / 2));
          expect(Math.max(...settled)).toBeLessThan(capacity * (1.15 + noise) + 1);
          expect(mean(settled)).toBeGreaterThan(capacity * 0.85);
          // A swing would turn every few seconds: 57 minutes have room for hundreds.
          expect(downs).toBeLessThan(57);
          expect(mean(between(delaysMs, 3 * minuteMs, 60 * minuteMs))).toBeLessThan(2_000);
        }
      });
    }
  }

  test("falls with the capacity within half a minute, and comes back when that does", () => {
    const capacityAt = (ms: number): number => (ms >= 10 * minuteMs && ms < 15 * minuteMs ? 10 : 100);
    const { rates } = play({ capacityAt, noise: 0.1 }, 60 * minuteMs);
    expect(mean(between(rates, 8 * minuteMs, 10 * minuteMs))).toBeGreaterThan(80);
    expect(Math.max(...between(rates, 12 * minuteMs, 15 * minuteMs))).toBeLessThan(12);
    expect(mean(between(rates, 55 * minuteMs, 60 * minuteMs))).toBeGreaterThan(80);
  });

  test("stays at its ceiling while the checkout keeps up, and at its floor while it stands still", () => {
    const idle = play({ capacityAt: () => 10_000 }, 5 * minuteMs);
    expect(idle.rates.at(-1)).toBe(500);
    expect(idle.downs).toBe(0);
    const stuck = play({ capacityAt: () => 0 }, 5 * minuteMs);
    expect(new Set(stuck.rates)).toEqual(new Set([1]));
  });

  test("takes silence and failures for overload, and says so", () => {
    const control = watchRate(undefined, 100_000, 0);
    const step = (load: Partial<CheckoutLoad>) =>
      controlRate(control, { delayMs: 0, failedShare: 0, ...load }, range, 5_000);
    expect(step({ unknown: "no relay is heard" })).toMatchObject({ change: "down", why: "no relay is heard" });
    expect(step({ failedShare: 0.1 })).toMatchObject({
      change: "down",
      why: "10% of the questions to the gate failed",
    });
    expect(step({ delayMs: 3_000 })).toMatchObject({
      change: "down",
      why: "a purchase takes 3.0 s until it is recorded",
    });
    expect(step({ delayMs: 1_000 })).toMatchObject({ change: "none" });
    expect(step({})).toMatchObject({ change: "up", control: { rate: 150_000 } });
    expect(controlRate(control, { delayMs: 3_000, failedShare: 0 }, range, 4_999).change).toBe("none");
  });

  test("does not fall further while what has piled up gets less, unless nobody is heard or the gate fails", () => {
    const slow = { delayMs: 10_000, failedShare: 0 };
    const { control } = controlRate(watchRate(undefined, 100_000, 0), slow, range, 5_000);
    expect(control.rate).toBe(70_000);
    const next = (load: Partial<CheckoutLoad>) => controlRate(control, { ...slow, ...load }, range, 10_000).change;
    expect(next({ delayMs: 9_000 })).toBe("none");
    expect(next({ delayMs: 10_000 })).toBe("down");
    expect(next({ delayMs: 9_000, failedShare: 0.1 })).toBe("down");
    expect(next({ delayMs: 0, unknown: "no consumer is heard" })).toBe("down");
  });

  test("goes on from the rate that somebody else has set", () => {
    const control = watchRate({ rate: 50_000, changedMs: 0, knee: 60_000 }, 20_000, 9_000);
    expect(control).toEqual({ rate: 20_000, changedMs: 9_000, knee: 60_000 });
    expect(watchRate(control, 20_000, 10_000)).toBe(control);
  });
});
