import { expect, test } from "bun:test";
import { suiteTables } from "../suite-tables.ts";
import { replicationUnits, sentinelUnits, skippedTests, units, unitsNotRun } from "../units.ts";

const results = Object.fromEntries(
  Object.entries({ ...units, ...replicationUnits, ...sentinelUnits }).map(([unit, runs]) => [
    unit,
    runs.map(() => ({ passed: 7, failed: 0, leftOut: 1 })),
  ]),
);

test("the tables tell of every unit, run or not, and of what is left out", () => {
  const tables = suiteTables(results);
  for (const unit of [units, replicationUnits, sentinelUnits, unitsNotRun].flatMap((each) => Object.keys(each)))
    expect(tables).toContain(unit);
  for (const tests of Object.values(skippedTests)) {
    for (const reason of Object.values(tests)) expect(tables).toContain(reason);
  }
});

test("a test that is left out counts among those that do not pass", () => {
  expect(suiteTables(results)).toMatch(/\| unit\/type\/string +\| 7 +\| 0 +\| 1 +\|/);
  expect(suiteTables(results)).toMatch(/\| unit\/tracking +\| 7 +\| 1 +\| 1 +\|/);
});

test("a run that has no counts yet is named", () => {
  expect(() => suiteTables({})).toThrow("results.json knows no run 0 of unit/type/string");
});
