import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseStreamId, parseTimeWithStar, StreamId } from "../../../src/values/stream/stream-id.ts";

const parse = (text: string, missing: "lowest" | "highest" = "lowest"): string | undefined => {
  const bytes = Buffer.from(`<${text}>`, "latin1");
  const id = new StreamId();
  return parseStreamId(bytes, 1, bytes.length - 1, id, missing) ? id.toString() : undefined;
};

const uint64 = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.bigInt({ min: 0n, max: 20n }),
  fc.constantFrom(2n ** 32n - 1n, 2n ** 32n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 64n - 1n),
);
const idOf = ([time, sequence]: readonly [bigint, bigint]): StreamId => {
  const id = new StreamId();
  const bytes = Buffer.from(`${time}-${sequence}`);
  expect(parseStreamId(bytes, 0, bytes.length, id, "lowest")).toBe(true);
  return id;
};
const numberOf = ([time, sequence]: readonly [bigint, bigint]): bigint => (time << 64n) | sequence;

describe("a stream id", () => {
  test("reads and prints twice 64 bits completely", () => {
    fc.assert(fc.property(uint64, uint64, (time, sequence) => parse(`${time}-${sequence}`) === `${time}-${sequence}`));
    expect(parse("5")).toBe("5-0");
    expect(parse("5", "highest")).toBe("5-18446744073709551615");
  });

  test("is refused when it is not two numbers of 64 bits", () => {
    for (const text of [
      "",
      "-",
      "5-",
      "-5",
      "x",
      "5-x",
      "5-5-5",
      "18446744073709551616",
      "5 ",
      "5-18446744073709551616",
    ]) {
      expect(parse(text)).toBeUndefined();
    }
    expect(parse("0".repeat(200))).toBeUndefined();
  });

  test("compares, and goes up and down by one, as a number of 128 bits does", () => {
    fc.assert(
      fc.property(fc.tuple(uint64, uint64), fc.tuple(uint64, uint64), (one, other) => {
        const [less, equal] = [numberOf(one) < numberOf(other), numberOf(one) === numberOf(other)];
        expect(Math.sign(idOf(one).compare(idOf(other)))).toBe(equal ? 0 : less ? -1 : 1);
        const up = idOf(one);
        const isHighest = numberOf(one) === 2n ** 128n - 1n;
        expect(up.increment()).toBe(!isHighest);
        if (isHighest) return;
        expect(up.compare(idOf(one))).toBeGreaterThan(0);
        const down = new StreamId().copy(up);
        expect(down.decrement()).toBe(true);
        expect(down.toString()).toBe(idOf(one).toString());
      }),
    );
    const highest = 2n ** 64n - 1n;
    for (const time of [2n ** 32n - 1n, 2n ** 33n - 1n, 5n]) {
      const id = idOf([time, highest]);
      expect(id.increment() && id.toString()).toBe(`${time + 1n}-0`);
      expect(id.decrement() && id.toString()).toBe(`${time}-${highest}`);
    }
    expect(new StreamId().setLowest().decrement()).toBe(false);
    expect(new StreamId().setHighest().increment()).toBe(false);
  });

  test("may leave its sequence number for the stream to choose", () => {
    const timeOf = (text: string): string | undefined => {
      const bytes = Buffer.from(text);
      const id = new StreamId();
      return parseTimeWithStar(bytes, 0, bytes.length, id) ? id.toString() : undefined;
    };
    expect(timeOf("18446744073709551615-*")).toBe("18446744073709551615-0");
    for (const text of ["*", "-*", "5*", "5-5*", "5-*-*", "5-**", "x-*"]) expect(timeOf(text)).toBeUndefined();
  });
});
