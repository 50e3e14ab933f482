import { describe, test } from "bun:test";
import fc from "fast-check";
import { requireService } from "../../../tools/test-services/index.ts";
import { expectSame, expectSameGenerated, generatedTimeoutMs, type Step } from "./harness/index.ts";

const redis = requireService("redis");

const letters = ["a", "b", "c", "A", "-", "^", "]", "[", "\\", "*", "?"];
const texts = [
  ...letters,
  "",
  "ab",
  "abc",
  "a-c",
  "aab",
  "cba",
  "aXc",
  "[a]",
  "a]",
  "^a",
  "a\\b",
  "a*b",
  "\u0000",
  "bbbbbbbbbb",
  "abababab",
];
const pattern = fc.array(
  fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom(...letters) },
    { weight: 1, arbitrary: fc.constantFrom("*", "?", "[", "]", "\\", "a", "[a-c]", "[^a]", "\\[") },
  ),
  { maxLength: 8 },
);
const keys: Step[] = [["MSET", ...texts.flatMap((text) => [text, "v"])]];

describe.skipIf(redis.missing)(`patterns match as in redis-server${redis.reason}`, () => {
  test("up to a thousand stars", () =>
    expectSame([
      ["SET", "a".repeat(1200), "v"],
      ["KEYS", "*?".repeat(1000)],
      ["KEYS", "*?".repeat(1001)],
      ["KEYS", `${"*?".repeat(1000)}*`],
      ["KEYS", `${"*a".repeat(999)}**a`],
      ["KEYS", "*".repeat(5000)],
    ]));

  test(
    "of any bytes",
    () =>
      expectSameGenerated({
        before: keys,
        commands: [pattern.map((parts): Step => ["KEYS", parts.join("")])],
        maxSteps: 60,
        protocols: [2],
        compareData: false,
      }),
    generatedTimeoutMs,
  );
});
