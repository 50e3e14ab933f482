import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { integerLength, writeInteger } from "../../src/protocol/number-text.ts";

describe("integers as text", () => {
  test("are written as JavaScript writes them, with the number of digits that was counted before", () => {
    const borders = [0, 9, 10, 99, 100, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 1e15, 1e15 - 1, Number.MAX_SAFE_INTEGER];
    const safe = fc.oneof(
      fc.maxSafeInteger(),
      fc.integer(),
      fc.constantFrom(...borders, ...borders.map((one) => -one)),
    );
    const target = new Uint8Array(40);
    fc.assert(
      fc.property(safe, (number) => {
        const end = writeInteger(target, 3, number);
        expect(Buffer.from(target.subarray(3, end)).toString()).toBe(String(number + 0));
        expect(integerLength(number)).toBe(end - 3);
      }),
      { numRuns: 2000 },
    );
  });
});
