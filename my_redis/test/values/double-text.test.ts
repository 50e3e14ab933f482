import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { formatDecimals, formatDouble, formatDouble17, parseDouble, parseLimit } from "../../src/values/double-text.ts";

const parse = (text: string): number => parseDouble(Buffer.from(text), 0, Buffer.byteLength(text));

describe("doubles as text", () => {
  test.each([
    [3, "3"],
    [3.1, "3.1"],
    [0.1 + 0.2, "0.30000000000000004"],
    [-0, "-0"],
    [1e20, "1e+20"],
    [1e16, "1e+16"],
    [2 ** 52, "4503599627370496"],
    [2 ** 53, "9007199254740992"],
    [1.2345678901234567e19, "12345678901234567000"],
    [1e-5, "0.00001"],
    [1e-7, "1e-7"],
    [1.5e-7, "1.5e-7"],
    [1e300, "1e+300"],
    [-1.5e-300, "-1.5e-300"],
    [Number.POSITIVE_INFINITY, "inf"],
    [Number.NEGATIVE_INFINITY, "-inf"],
    [Number.NaN, "nan"],
  ])("%p is printed in the fewest digits", (value, text) => expect(formatDouble(value)).toBe(text));

  test.each([
    [3.1, "3.1000000000000001"],
    [1e17, "1e+17"],
    [1e16, "10000000000000000"],
    [1e-5, "1.0000000000000001e-05"],
    [0.0001, "0.0001"],
    [1.5, "1.5"],
    [5e-324, "4.9406564584124654e-324"],
    [-0, "-0"],
    // Halfway between two results, the even digit is chosen, as in C.
    [1234567890123456.25, "1234567890123456.2"],
  ])("%p is printed in 17 digits", (value, text) => expect(formatDouble17(value)).toBe(text));

  test("coordinates have 17 decimals and no zeros at the end", () => {
    expect(formatDecimals(13.361389338970184)).toBe("13.36138933897018433");
    expect(formatDecimals(0)).toBe("0");
    expect(formatDecimals(-0)).toBe("0");
    expect(formatDecimals(1.5)).toBe("1.5");
    expect(formatDecimals(100)).toBe("100");
  });

  test("both forms of any double are read as that double again", () => {
    const doubles = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(doubles, (value) => {
        expect(parse(formatDouble(value))).toBe(value);
        expect(parse(formatDouble17(value))).toBe(value);
      }),
      { seed: 1 },
    );
  });

  test("short decimals are read as long ones are", () => {
    const decimals = fc.tuple(fc.boolean(), fc.stringMatching(/^[0-9]{0,9}\.?[0-9]{0,9}$/));
    fc.assert(
      fc.property(decimals, ([negative, digits]) => {
        const text = (negative ? "-" : "") + digits;
        const isNumber = /[0-9]/.test(digits);
        expect(parse(text)).toBe(isNumber ? Number(text) : Number.NaN);
      }),
      { seed: 1, numRuns: 2000 },
    );
  });

  test("hexadecimal numbers are rounded once, to even", () => {
    expect(parse("0x10")).toBe(16);
    expect(parse("-0x1.8p3")).toBe(-12);
    expect(parse("0x1.00000000000008p0")).toBe(1);
    expect(parse("0x1.000000000000080001p0")).toBe(1 + 2 ** -52);
    expect(parse("0x1p-1074")).toBe(5e-324);
    expect(parse("0x1p-1076")).toBeNaN();
    expect(parse("0x1p1024")).toBeNaN();
    expect(parse("0x0p1024")).toBe(0);
  });

  test("a score with spaces around it or out of range is refused, but not as the limit of a range", () => {
    for (const text of ["", " 1", "1e400", "1e-400"]) expect(parse(text)).toBeNaN();
    expect(["", " 1", "1e400", "1e-400"].map(parseLimit)).toEqual([0, 1, Number.POSITIVE_INFINITY, 0]);
    expect(parseLimit("1 ")).toBeNaN();
    expect(parse("0e-400")).toBe(0);
    expect(parse("nan")).toBeNaN();
    expect(parse("Infinity")).toBe(Number.POSITIVE_INFINITY);
  });
});
