import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { addLongDoubles, formatLongDouble, type LongDouble, parseLongDouble } from "../../src/values/long-double.ts";

const sum = (one: string, other: string): string =>
  formatLongDouble(addLongDoubles(parseLongDouble(one) as LongDouble, parseLongDouble(other) as LongDouble));

// The differential tests compare INCRBYFLOAT with redis-server for thousands of generated sums.
describe("long doubles", () => {
  test("print sums as a person expects them", () => {
    expect(sum("0.1", "0.2")).toBe("0.3");
    expect(sum("3.0", "0")).toBe("3");
    expect(sum("-1", "1")).toBe("0");
    expect(sum("-0.5", "0.25")).toBe("-0.25");
    expect(sum("5e3", "200")).toBe("5200");
    expect(sum("1e20", "1")).toBe("100000000000000000000");
  });

  test("have 64 bits: the first integers that do not fit are rounded to even", () => {
    expect(sum("18446744073709551615", "0")).toBe("18446744073709551615");
    expect(sum("18446744073709551616", "1")).toBe("18446744073709551616");
    expect(sum("18446744073709551616", "3")).toBe("18446744073709551620");
  });

  test("add integers exactly as long as they fit", () => {
    const integer = fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n });
    fc.assert(
      fc.property(integer, integer, (one, other) => {
        expect(sum(one.toString(), other.toString())).toBe((one + other).toString());
      }),
    );
  });

  test("are at least as exact as doubles", () => {
    const number = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(number, (value) => {
        expect(Math.abs(Number(sum(String(value), "0")) - value)).toBeLessThanOrEqual(1e-17);
      }),
    );
  });

  test("overflow to infinity, and are never read from text that is too small or too large", () => {
    const huge = parseLongDouble("1e4932") as LongDouble;
    expect(addLongDoubles(huge, huge).infinite).toBe(true);
    expect(parseLongDouble("1e4933")).toBeUndefined();
    expect(parseLongDouble("1e-4960")).toBeUndefined();
    expect(parseLongDouble("0e-4960")).toEqual({ mantissa: 0n, exponent: 0 });
    expect(parseLongDouble("-inf")?.infinite).toBe(true);
    // The exponent is far too large for a computation of the power.
    expect(parseLongDouble("1e999999999999999999")).toBeUndefined();
    expect(parseLongDouble("0x1p-999999999999999999")).toBeUndefined();
  });

  test("are not read from text that strtold would not read to its end", () => {
    for (const text of ["", " 1", "1 ", "1e", ".", "+", "0x", "1,5", "nan", "--1", "1\0", "١"]) {
      expect(parseLongDouble(text)).toBeUndefined();
    }
  });
});
