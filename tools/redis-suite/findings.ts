import { expectedFailures } from "./expected-failures.ts";
import type { UnitOutcome } from "./unit-output.ts";
import { runName, type UnitRun } from "./units.ts";

/** By test: why it cannot pass in this run. */
export const expectedIn = (unit: string, run: UnitRun): Readonly<Record<string, string>> => ({
  ...expectedFailures[unit],
  ...expectedFailures[runName(unit, run)],
});

/** Differences between a unit's outcome and the list of expected failures, one sentence each. */
export function findingsOf(
  unit: string,
  { passed, failed, broken }: UnitOutcome,
  expected: Readonly<Record<string, string>>,
): string[] {
  const surprising = [...failed].filter(([name]) => !Object.hasOwn(expected, name));
  const passing = Object.keys(expected).filter((name) => passed.includes(name));
  const missing = Object.keys(expected).filter((name) => !failed.has(name) && !passed.includes(name));
  return [
    ...(broken === undefined ? [] : [`${unit} did not run to its end: ${broken}`]),
    ...surprising.map(([name, detail]) => `${unit}: "${name}" fails\n${detail.replace(/^/gm, "    ")}`),
    ...passing.map((name) => `${unit}: "${name}" is listed as failing, and passes`),
    ...missing.map((name) => `${unit}: "${name}" is listed as failing, and ${notRun}`),
  ];
}

/** The end of a finding about a test that the suite does not have. */
export const notRun = "did not run";
