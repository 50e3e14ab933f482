export interface TestTotals {
  passed: number;
  failed: number;
  skipped: number;
}

/**
 * The totals of a `bun test` run, from the summary at the end of its output. An error outside of a test, as in a timer that a
 * test has left behind, counts as a failure. Undefined when there is no summary,
 * because the run crashed or was ended.
 */
export function readTestTotals(output: string): TestTotals | undefined {
  const summary =
    /((?:^ +\d+ (?:pass|fail|skip|todo|filtered out|error|errors)\n)+)(?:.*\n){0,4}^Ran \d+ tests? across/m.exec(
      output,
    )?.[1];
  if (summary === undefined) return undefined;
  const count = (word: string): number => Number(new RegExp(`^ +(\\d+) ${word}$`, "m").exec(summary)?.[1] ?? 0);
  const errors = count("errors?");
  return { passed: count("pass"), failed: count("fail") + errors, skipped: count("skip") + count("todo") };
}

/** The totals of a run that crashed: the tests that it reported, and one more failure for the crash itself. */
export function countTestLines(output: string): TestTotals {
  const count = (word: string): number => output.match(new RegExp(`^\\(${word}\\) `, "gm"))?.length ?? 0;
  return { passed: count("pass"), failed: count("fail") + 1, skipped: count("skip") + count("todo") };
}

/** Names of the tests that were not run, as the output lists them. */
export function readSkippedTests(output: string): string[] {
  return [...output.matchAll(/^\((?:skip|todo)\) (.*)$/gm)].map((match) => match[1] as string);
}

const mostLinesOfFailure = 60;

/** What the output says of each error outside of a test, and of each test that failed, with its name last. Of a long text, the end. */
export function readFailures(output: string): string[] {
  const outside = output.matchAll(/^# Unhandled error between tests\n-+\n([\s\S]*?)\n-+$/gm);
  const failures = [...outside].map((match) => `outside of a test:\n${match[1]}`);
  let lines: string[] = [];
  for (const line of output.split("\n")) {
    // A list of names follows the last test.
    if (/^\d+ tests failed:$/.test(line)) break;
    if (/^\((?:pass|skip|todo)\) /.test(line)) lines = [];
    else lines.push(line);
    if (!line.startsWith("(fail) ")) continue;
    failures.push(lines.slice(-mostLinesOfFailure).join("\n").trim());
    lines = [];
  }
  return failures;
}

/** The closing line of a run. */
export function formatTotals({ passed, failed, skipped }: TestTotals): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
