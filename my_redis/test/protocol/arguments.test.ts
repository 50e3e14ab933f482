import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Arguments } from "../../src/protocol/arguments.ts";
import { RequestParser } from "../../src/protocol/request-parser.ts";

const words = fc.array(fc.uint8Array({ maxLength: 30 }), { minLength: 1, maxLength: 30 });

function requestOf(values: readonly Uint8Array[]): Buffer {
  const parts = values.flatMap((value) => [Buffer.from(`$${value.length}\r\n`), value, Buffer.from("\r\n")]);
  return Buffer.concat([Buffer.from(`*${values.length}\r\n`), ...parts]);
}

describe("Arguments", () => {
  test("a copy keeps its words and its request when the buffer is used again", () => {
    fc.assert(
      fc.property(words, fc.boolean(), (values, parsed) => {
        const chunk = Buffer.concat([Buffer.from("*1\r\n$4\r\nPING\r\n"), requestOf(values)]);
        let args = Arguments.from(values);
        if (parsed) {
          args = new Arguments();
          const parser = new RequestParser({ maxBulkBytes: 1000, maxQueryBufferBytes: 100_000 });
          parser.feed(chunk);
          parser.next(args);
          parser.next(args);
        }
        const copy = args.copy();
        const single = args.bytes(0);
        args.buffer.fill(0);
        expect(copy.count).toBe(values.length);
        expect(single).toEqual(values[0] as Uint8Array);
        for (const [index, value] of values.entries()) expect(Buffer.compare(copy.view(index), value)).toBe(0);
        const request = copy.buffer.subarray(copy.requestStart, copy.requestEnd);
        expect(Buffer.compare(request, parsed ? requestOf(values) : Buffer.alloc(0))).toBe(0);
      }),
    );
  });

  test("compares words without case", () => {
    const args = Arguments.from(["KeepTTL", "k\u0000", "[]"]);
    expect(args.is(0, "keepttl")).toBe(true);
    expect(args.is(0, "keepttx")).toBe(false);
    expect(args.is(0, "keep")).toBe(false);
    expect(args.is(1, "k")).toBe(false);
    // "[" and "{" differ only in the bit that distinguishes upper from lower case.
    expect(args.is(2, "{}")).toBe(false);
  });

  test("reads integers of 64 bits, and nothing else", () => {
    const read = (text: string): bigint | string => {
      try {
        return Arguments.from([text]).int64(0);
      } catch (error) {
        return (error as Error).message;
      }
    };
    const refused = "ERR value is not an integer or out of range";
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n) - 5n, max: 2n ** 63n + 5n }), (number) => {
        const fits = BigInt.asIntN(64, number) === number;
        expect(read(number.toString())).toBe(fits ? number : refused);
        if (fits) expect(Arguments.from([number.toString()]).integer(0)).toBe(Number(number));
      }),
    );
    for (const text of ["", "-", "+1", "01", "-0", "1 ", " 1", "1.0", "1e3", "0x1", "1".repeat(30)]) {
      expect(read(text)).toBe(refused);
    }
  });
});
