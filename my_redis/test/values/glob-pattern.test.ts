import { describe, expect, test } from "bun:test";
import { globMatches } from "../../src/values/glob-pattern.ts";

const matches = (pattern: string, text: string, ignoreCase = false): boolean => {
  const bytes = Buffer.from(`<${text}>`, "latin1");
  return globMatches(Buffer.from(pattern, "latin1"), bytes, 1, bytes.length - 1, ignoreCase);
};

// differential/glob.test.ts compares patterns with redis-server; these are the tests that need no comparison.
describe("globMatches", () => {
  test("looks only at the given part of the bytes", () => {
    expect(matches("abc", "abc")).toBe(true);
    expect(matches("abc>", "abc")).toBe(false);
    expect(matches("*", "")).toBe(false);
    expect(matches("", "")).toBe(true);
  });

  test("ignores case when requested", () => {
    expect(matches("MAX*", "maxmemory")).toBe(false);
    expect(matches("MAX*", "maxmemory", true)).toBe(true);
    expect(matches("[A-C]x", "bX", true)).toBe(true);
    expect(matches("[^A-C]x", "bX", true)).toBe(false);
    expect(matches("[aB]", "b", true)).toBe(true);
  });

  test("takes time proportional to the lengths, also for malicious patterns", () => {
    const text = "a".repeat(50_000);
    // A search that tries every place for every star would take practically for ever.
    expect(matches(`${"a*".repeat(200)}b`, text)).toBe(false);
    expect(matches(`${"*a".repeat(200)}*b`, text)).toBe(false);
    expect(matches(`${"*a".repeat(200)}*`, text)).toBe(true);
  });
});
