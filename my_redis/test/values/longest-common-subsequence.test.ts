import { expect, test } from "bun:test";
import fc from "fast-check";
import { longestCommonSubsequence } from "../../src/values/longest-common-subsequence.ts";

/** The length by its definition, without a table. It is fast enough only for short texts. */
function lengthByDefinition(first: string, second: string): number {
  if (first === "" || second === "") return 0;
  if (first[0] === second[0]) return 1 + lengthByDefinition(first.slice(1), second.slice(1));
  return Math.max(lengthByDefinition(first.slice(1), second), lengthByDefinition(first, second.slice(1)));
}

test("the longest common subsequence has the length that its definition says, and its runs spell it in both texts", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 9 });
  fc.assert(
    fc.property(text, text, (first, second) => {
      const { length, runs } = longestCommonSubsequence(Buffer.from(first), Buffer.from(second));
      expect(length).toBe(lengthByDefinition(first, second));
      const spell = (source: string, from: "first" | "second"): string =>
        runs
          .toReversed()
          .map((run) => source.slice(run[from], run[from] + run.length))
          .join("");
      expect(spell(first, "first")).toBe(spell(second, "second"));
      expect(spell(first, "first").length).toBe(length);
      for (const [at, run] of runs.slice(1).entries()) {
        expect(run.first + run.length).toBeLessThanOrEqual(runs[at]?.first as number);
        expect(run.second + run.length).toBeLessThanOrEqual(runs[at]?.second as number);
      }
    }),
    { numRuns: 500 },
  );
});
