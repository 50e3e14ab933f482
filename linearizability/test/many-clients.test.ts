import { expect, test } from "bun:test";
import { propertySeed } from "../../tools/property-seed.ts";
import { SeededRandom } from "../../tools/seeded-random.ts";
import { check, type Json, type Model, type Operation, register } from "../index.ts";
import { Budget } from "../src/checker/budget.ts";
import { type Configuration, KnownConfigurations } from "../src/checker/known-configurations.ts";
import { UnknownsUsed } from "../src/checker/unknowns-used.ts";
import { isLinearizable } from "./brute-force.ts";
import { anyHistory, linearizableHistory, mutated, type Subject } from "./random-history.ts";
import { anyCounter, anyList, casRegister, uniqueRegister } from "./subjects.ts";

/**
 * Reads of the first state by other clients that are open all the time. They change no verdict, but take the first bits in
 * sets of open operations, so that the others are in later words.
 */
const firstReads = (count: number, kind: string, output: Json): Operation[] =>
  Array.from({ length: count }, (_, index) => ({
    process: `reader ${index}`,
    key: "key 0",
    kind,
    input: null,
    output,
    outcome: "returned",
    calledAt: -1_000 + index,
    returnedAt: 1_000 + index,
  }));

const subjects: readonly (readonly [name: string, make: () => Subject<never>, kind: string, first: Json])[] = [
  ["a register", () => casRegister as unknown as Subject<never>, "read", null],
  ["a counter", () => anyCounter as unknown as Subject<never>, "get", 0],
  ["a list", () => anyList() as unknown as Subject<never>, "read", []],
];

for (const [name, make, kind, first] of subjects) {
  test(`operations of ${name} are told apart however many are open together`, () => {
    const random = new SeededRandom(propertySeed());
    const found = { ok: 0, violation: 0 };
    for (let count = 0; count < 1_000; count++) {
      const subject = make();
      const shape = { operations: random.between(3, 7), processes: 4, keys: 1, lost: 0.1 };
      const history = random.oneIn(2)
        ? anyHistory(subject, random, shape)
        : mutated(subject, random, linearizableHistory(subject, random, shape));
      const expected = isLinearizable(history, subject.plain) ? "ok" : "violation";
      const among = [...history, ...firstReads(random.between(28, 100), kind, first)];
      const options = { model: subject.model, shrinkTimeLimitMs: 1, nowMs: () => 0 };
      const { verdict } = check(among, options);
      if (verdict !== expected) expect(`${verdict} for ${JSON.stringify(history)}`).toBe(expected);
      found[expected]++;
    }
    expect(Math.min(found.ok, found.violation)).toBeGreaterThan(100);
  });
}

test("zones and search decide alike about more than 32 clients", () => {
  const random = new SeededRandom(propertySeed());
  const withoutZones: Model<Json> = { ...register, decide: () => undefined };
  const found = { ok: 0, violation: 0, unknown: 0 };
  for (let count = 0; count < 200; count++) {
    const subject = uniqueRegister();
    const shape = { operations: 90, processes: random.between(33, 45), keys: 1, lost: 0 };
    const right = linearizableHistory(subject, random, shape);
    const history = random.oneIn(2) ? right : mutated(subject, random, right);
    const { verdict } = check(history, { model: register, maxConfigurations: 2_000 });
    const searched = check(history, { model: withoutZones, maxConfigurations: 2_000 }).verdict;
    found[searched]++;
    if (searched !== "unknown") expect<string>(searched).toBe(verdict);
  }
  expect(found.ok).toBeGreaterThan(50);
});

test("configurations are known by each word of their operations, also when the table grows", () => {
  const words = 3;
  const budget = new Budget({}, () => 0);
  const known = new KnownConfigurations(new UnknownsUsed(), words, budget);
  const configuration = (number: number): Configuration => ({
    place: 1,
    state: 1,
    used: 0,
    done: Int32Array.from({ length: words }, (_, word) => (word === number % words ? number : 0)),
  });
  const count = 5_000;
  for (let number = 1; number <= count; number++) {
    expect(known.includes(configuration(number))).toBe(false);
    known.add(configuration(number));
  }
  for (let number = 1; number <= count; number++) expect(known.includes(configuration(number))).toBe(true);
  expect(known.includes({ ...configuration(1), state: 2 })).toBe(false);
  expect(known.includes({ ...configuration(1), place: 2 })).toBe(false);
});
