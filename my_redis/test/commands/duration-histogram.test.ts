import { expect, test } from "bun:test";
import fc from "fast-check";
import { DurationHistogram } from "../../src/dispatch/observers/duration-histogram.ts";

const levels = (histogram: DurationHistogram, calls: number): [number, number][] => {
  const seen: [number, number][] = [];
  histogram.cumulative(calls, (microseconds, until) => seen.push([microseconds, until]));
  return seen;
};

test("percentiles equal those of the sorted durations, or are at most a sixteenth greater", () => {
  const durations = fc.array(fc.integer({ min: 0, max: 1_000_000_000 }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(durations, fc.integer({ min: 1, max: 100 }), (all, percentage) => {
      const histogram = new DurationHistogram();
      for (const each of all) histogram.add(each, 1);
      const sorted = all.toSorted((one, other) => one - other);
      const exact = sorted[Math.ceil((percentage / 100) * all.length) - 1] as number;
      const told = histogram.percentile(percentage);
      expect(told).toBeGreaterThanOrEqual(exact);
      expect(told).toBeLessThanOrEqual(exact + exact / 16 + 64);
    }),
  );
});

test("calls are added up by powers of two of 1024 nanoseconds, under Redis's names for them", () => {
  const histogram = new DurationHistogram();
  for (let octave = 9; octave < 30; octave++) histogram.add(2 ** octave, 1);
  histogram.add(99_999_999_999, 1);
  expect(levels(histogram, 22)).toEqual([
    ...[1, 2, 4, 8, 16, 33, 66, 132, 264, 528, 1056, 2113, 4227, 8454, 16908, 33816].map((level, at) => [
      level,
      at + 1,
    ]),
    ...[67633, 135266, 270532, 541065].map((level, at) => [level, at + 17]),
    [1082130, 22],
  ] as [number, number][]);
});

test("a few measured calls represent all, and the last number counts all calls", () => {
  const histogram = new DurationHistogram();
  histogram.add(500, 64);
  histogram.add(500, 64);
  histogram.add(5000, 64);
  histogram.add(50_000, 1);
  expect(levels(histogram, 1000)).toEqual([
    [1, 663],
    [8, 995],
    [66, 1000],
  ]);
  expect(histogram.percentile(99)).toBeLessThan(6000);
  expect(histogram.percentile(100)).toBeGreaterThanOrEqual(50_000);
  expect([histogram.percentile(0), new DurationHistogram().percentile(50)]).toEqual([511, 0]);
});
