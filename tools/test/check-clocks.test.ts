import { expect, test } from "bun:test";
import { clockFindings } from "../check-clocks.ts";

const rule = {
  sources: "src/**",
  reads: /\bclock\.nowMs\b/,
  readers: { "src/expiry.ts": "expiries" },
  instead: "durations are counted by monotonicMs",
};
const messages = (texts: Readonly<Record<string, string>>): string[] =>
  clockFindings(Object.keys(texts), (path) => texts[path] as string, [rule]).map(
    ({ path, line, message }) => `${path}:${line} ${message}`,
  );
const listed = { "src/expiry.ts": "if (expiryMs <= clock.nowMs) remove();" };

test("a file that is not listed must not read the wall clock", () => {
  const texts = { ...listed, "src/lease.ts": "\nconst untilMs = clock.nowMs + leaseMs;", "test/a.ts": "clock.nowMs" };
  expect(messages(texts)).toEqual(["src/lease.ts:2 reads the wall clock, but durations are counted by monotonicMs"]);
});

test("a comment is no reading, and neither is the monotonic clock", () => {
  expect(messages({ ...listed, "src/lease.ts": "// not clock.nowMs\nclock.monotonicMs;" })).toEqual([]);
});

test("an entry of the list that is not needed is found", () => {
  expect(messages({ "src/expiry.ts": "" })).toEqual(["src/expiry.ts:1 is listed, but does not read the wall clock"]);
});
