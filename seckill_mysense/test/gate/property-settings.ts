import { propertySeed } from "../../../tools/property-seed.ts";

/** For `fc.assert`: this run's seed, and `numRuns` cases, multiplied by TEST_EFFORT for a longer search. */
export function propertySettings(numRuns: number): { seed: number; numRuns: number } {
  return { seed: propertySeed(), numRuns: numRuns * Number(process.env["TEST_EFFORT"] ?? 1) };
}
