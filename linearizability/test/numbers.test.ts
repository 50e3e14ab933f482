import { expect, test } from "bun:test";
import { propertySeed } from "../../tools/property-seed.ts";
import { SeededRandom } from "../../tools/seeded-random.ts";
import { check, formatJsonLines, parseJsonLines, register } from "../index.ts";
import { isExactNumber } from "../src/history/exact-numbers.ts";

const writeLine = (input: string): string =>
  `{"process":1,"kind":"write","input":${input},"calledAt":0,"returnedAt":1}`;

test.each(["9007199254740993", '[1,{"a":-9007199254740993}]', "1e999", "-1e999", "1e-999", "0.12345678901234567891"])(
  "a value of %s, which a float does not hold, is refused",
  (input) => {
    expect(() => parseJsonLines(`${writeLine("1")}\n${writeLine(input)}`)).toThrow(
      /^line 2: the number .* would be read as/,
    );
  },
);

test.each([
  "9007199254740992",
  "1e21",
  "1.5E+3",
  "0.30000000000000004",
  "-0.0",
  "100000000000000000000",
  '"9007199254740993 1e999"',
])("a value of %s is read", (input) => expect(parseJsonLines(writeLine(input))[0]?.input).toEqual(JSON.parse(input)));

test("numbers after a long string with many quotes are read exactly, too", () => {
  const long = String.raw`\"1`.repeat(3_000_000);
  const line = writeLine(`"${long}"`).replace(
    '"calledAt":0,"returnedAt":1',
    '"calledAt":1764450000000000001,"returnedAt":1764450000000000002',
  );
  const next = writeLine("1").replace(
    '"calledAt":0,"returnedAt":1',
    '"calledAt":1764450000000000003,"returnedAt":1764450000000000004',
  );
  const operations = parseJsonLines(`${line}\n${next}`);
  expect(operations.map(({ calledAt, returnedAt }) => [calledAt, returnedAt])).toEqual([
    [0, 1],
    [2, 3],
  ]);
});

test("any float that JavaScript writes is read, and no other number becomes equal to it", () => {
  const random = new SeededRandom(propertySeed());
  for (let count = 0; count < 3_000; count++) {
    const value = (random.below(2 ** 31) - 2 ** 30) * 2 ** random.between(-120, 120) * (1 + random.below(1000) / 7);
    const text = String(value);
    const longer = value.toExponential(20);
    const isSame = longer.replace(/\.?0+e/, "e") === value.toExponential();
    expect([text, isExactNumber(text), isExactNumber(longer)]).toEqual([text, true, isSame]);
  }
});

const times = (...[c1, r1, c2, r2]: readonly string[]): string => `
{"process":0,"kind":"write","input":7,"calledAt":${c1},"returnedAt":${r1}}
{"process":1,"kind":"read","output":null,"calledAt":${c2},"returnedAt":${r2}}
{"process":2,"kind":"write","input":8,"calledAt":${c2},"outcome":"unknown"}`;

test("times in nanoseconds since 1970 stay different, and are counted from the first", () => {
  const at = (nanoseconds: number): string => `1764450000000000${String(nanoseconds).padStart(3, "0")}`;
  const stale = parseJsonLines(times(at(0), at(1), at(2), at(300)));
  expect(stale.map(({ calledAt, returnedAt }) => [calledAt, returnedAt])).toEqual([
    [0, 1],
    [2, 300],
    [2, Infinity],
  ]);
  expect(check(stale, { model: register }).verdict).toBe("violation");
  expect(check(parseJsonLines(times(at(0), at(2), at(2), at(3))), { model: register }).verdict).toBe("ok");
  expect(parseJsonLines(formatJsonLines(stale))).toEqual(stale);
  // A field of a value has the same name as a time.
  expect(() => parseJsonLines(writeLine(`{"calledAt":${at(1)}}`))).toThrow(`the number ${at(1)} would be read as`);
});

test("times that floats hold are read as they are, however far they lie apart", () => {
  const microseconds = times("1764450000000001", "1764450000000002", "1764450000000003", "1764450000000004");
  const far = times("9000000000000000000", "9100000000000000000", "9200000000000000000", "1e300");
  for (const text of [microseconds, far]) {
    const history = parseJsonLines(text);
    expect(history[0]?.calledAt).toBe(Number(/\d{16,}/.exec(text)?.[0]));
    expect(parseJsonLines(formatJsonLines(history))).toEqual(history);
  }
});

test.each([
  [
    ["1764450000000000002", "1764450000000000001", "3", "4"],
    "line 2: returnedAt is 1764450000000000001; it must be a number from calledAt (1764450000000000002) on",
  ],
  [
    ["1", "2", "1764450000000000001", "1764450000000000002"],
    "line 3: the time 1764450000000000002 is more than 2^53 - 1 after the earliest one, 1",
  ],
  [
    ["1764450000000000001", "1764450000000000002", "1764450000000000001", "1764450000000000001.5"],
    "line 3: the number 1764450000000000001.5 would be read as",
  ],
  [
    ["1764450000000000001", "1764450000000000002", "0.5", "1"],
    "line 3: calledAt is 0.5; beside times above 2^53 it must be an integer",
  ],
] as const)("times that cannot be kept apart are refused (%#)", (four, message) =>
  expect(() => parseJsonLines(times(...four))).toThrow(message),
);
