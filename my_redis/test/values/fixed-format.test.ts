import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { formatFixed } from "../../src/values/fixed-format.ts";

/** The exact decimal value, rounded here half to even. */
function roundedExactly(value: number, decimals: number): string {
  // Doubles of the tested size have fewer than 100 decimals.
  // oxlint-disable-next-line oxc/number-arg-out-of-range -- up to 100 since ECMAScript 2018
  const [whole = "", fraction = ""] = Math.abs(value).toFixed(100).split(".");
  const digits = BigInt(whole + fraction.slice(0, decimals));
  const rest = fraction.slice(decimals);
  const half = `5${"0".repeat(rest.length - 1)}`;
  const up = rest > half || (rest === half && digits % 2n === 1n);
  const text = String(digits + (up ? 1n : 0n)).padStart(decimals + 1, "0");
  const sign = value < 0 ? "-" : "";
  return decimals === 0 ? sign + text : `${sign}${text.slice(0, -decimals)}.${text.slice(-decimals)}`;
}

describe("a number with a fixed number of decimals", () => {
  test("is rounded to the even digit halfway between two", () => {
    expect(formatFixed(0.5, 0)).toBe("0");
    expect(formatFixed(1.5, 0)).toBe("2");
    expect(formatFixed(-2.5, 0)).toBe("-2");
    expect(formatFixed(0.03125, 4)).toBe("0.0312");
    expect(formatFixed(0.09375, 4)).toBe("0.0938");
    expect(formatFixed(2 ** -18, 17)).toBe("0.00000381469726562");
    expect(formatFixed(1.005, 2)).toBe("1.00");
    expect(formatFixed(179.99999, 4)).toBe("180.0000");
  });

  test("is the exact value, rounded by hand", () => {
    const multiple = fc.tuple(fc.integer({ min: -100_000, max: 100_000 }), fc.integer({ min: 0, max: 24 }));
    const numbers = fc.oneof(
      multiple.map(([factor, power]) => factor / 2 ** power),
      fc.double({ min: -200, max: 200, noNaN: true }).filter((value) => Math.abs(value) > 1e-6),
    );
    fc.assert(
      fc.property(numbers, fc.constantFrom(0, 1, 4, 6, 17), (value, decimals) => {
        if (value === 0) return;
        expect(formatFixed(value, decimals)).toBe(roundedExactly(value, decimals));
      }),
      { numRuns: 2000 },
    );
  });
});
