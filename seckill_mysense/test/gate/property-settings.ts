/**
 * For `fc.assert`. A failure prints its seed and path; TEST_SEED=<seed> runs the same cases again.
 * `numRuns` cases, multiplied by TEST_EFFORT for a longer search.
 */
export function propertySettings(numRuns: number): { seed: number; numRuns: number } {
  const seed = Number(process.env["TEST_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
  return { seed, numRuns: numRuns * Number(process.env["TEST_EFFORT"] ?? 1) };
}
