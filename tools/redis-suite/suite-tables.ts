import { escapedCell, markdownTable } from "../markdown-table.ts";
import { expectedFailures } from "./expected-failures.ts";
import type { Results } from "./results.ts";
import { replicationUnits, runName, sentinelUnits, skippedTests, type UnitRun, units, unitsNotRun } from "./units.ts";

/** The part of docs/compatibility.md about Redis's own suite: counts by unit, tests that do not pass, units that do not run. */
export function suiteTables(results: Results): string {
  return [
    markdownTable(["Unit", "Passed", "Not passed", "Left out by the suite", "Remark"], runRows(results, units)),
    "With servers that the suite starts itself, in turn of the kinds in parentheses:",
    markdownTable(
      ["Unit", "Passed", "Not passed", "Left out by the suite", "Remark"],
      runRows(results, replicationUnits),
    ),
    "Redis's own tests of Sentinel, whose Sentinels watch servers of MyRedis:",
    markdownTable(["Unit", "Passed", "Not passed", "Left out by the suite", "Remark"], runRows(results, sentinelUnits)),
    "Tests that do not pass, or that our run leaves out:",
    markdownTable(["Unit", "Test", "Reason"], testRows()),
    "Units that do not run:",
    markdownTable(["Reason", "Units"], notRunRows()),
  ].join("\n\n");
}

function testRows(): string[][] {
  return [expectedFailures, skippedTests].flatMap((tests) =>
    Object.entries(tests).flatMap(([unit, reasons]) =>
      Object.entries(reasons).map(([test, reason]) => [unit, escapedCell(test), escapedCell(reason)]),
    ),
  );
}

function runRows(results: Results, units: Readonly<Record<string, readonly UnitRun[]>>): string[][] {
  return Object.entries(units).flatMap(([unit, runs]) =>
    runs.map((run, number) => {
      const counts = results[unit]?.[number];
      if (counts === undefined)
        throw new Error(`results.json knows no run ${number} of ${unit}: run suite:redis --write`);
      const notPassing = counts.failed + Object.keys(skippedTests[unit] ?? {}).length;
      const { why = "" } = run;
      return [runName(unit, run), `${counts.passed}`, `${notPassing}`, `${counts.leftOut}`, escapedCell(why)];
    }),
  );
}

function notRunRows(): string[][] {
  const byReason = Map.groupBy(Object.entries(unitsNotRun), ([, reason]) => reason);
  return [...byReason].map(([reason, entries]) => [escapedCell(reason), entries.map(([unit]) => unit).join(", ")]);
}
