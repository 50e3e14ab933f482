import { expect, test } from "bun:test";
import fc from "fast-check";
import * as integers from "../../src/values/integer-set.ts";

const words = new integers.IntegerWords();
const digits = new Uint8Array(integers.maxIntegerText);

function read(text: bigint): integers.IntegerWords {
  const bytes = Buffer.from(text.toString(), "latin1");
  expect(words.parse(bytes, 0, bytes.length)).toBe(true);
  return words;
}

const value = fc.oneof(
  fc.bigInt({ min: -20n, max: 20n }),
  fc.bigInt({ min: -40_000n, max: 40_000n }),
  fc.bigInt({ min: -(2n ** 33n), max: 2n ** 33n }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);

test("an integer set holds 64-bit integers in order, and finds them", () => {
  fc.assert(
    fc.property(fc.array(fc.record({ value, adds: fc.boolean() }), { maxLength: 100 }), (steps) => {
      const bytes = new Uint8Array(2048).fill(0xee);
      const start = 5;
      integers.clearIntegers(bytes, start);
      let end = start + integers.integerSetHeaderBytes;
      const model = new Set<bigint>();
      for (const each of steps) {
        const index = integers.findInteger(bytes, start, end, read(each.value));
        expect(index >= 0).toBe(model.has(each.value));
        if (each.adds && index < 0) {
          const length = integers.bytesWithInteger(bytes, start, end, words);
          integers.insertInteger(bytes, start, end, -1 - index, words);
          end = start + length;
          model.add(each.value);
        } else if (!each.adds && index >= 0) {
          end = integers.removeInteger(bytes, start, end, index);
          model.delete(each.value);
        }
      }
      const found: bigint[] = [];
      for (let index = 0; index < integers.integerCount(bytes, start, end); index++) {
        words.read(bytes, integers.integerPlace(bytes, start, index), integers.integerWidth(bytes, start));
        found.push(BigInt(Buffer.from(digits.subarray(0, words.writeText(digits, 0))).toString("latin1")));
      }
      expect(found).toEqual([...model].toSorted((one, other) => (one < other ? -1 : 1)));
    }),
    { numRuns: 200 },
  );
});

test("text that is not the canonical form of a 64-bit integer is not stored as one", () => {
  for (const text of ["", "-", "01", "+1", "-0", " 1", "1.0", "9223372036854775808", "-9223372036854775809", "x"]) {
    const bytes = Buffer.from(text, "latin1");
    expect(words.parse(bytes, 0, bytes.length)).toBe(false);
  }
});
