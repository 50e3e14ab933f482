import { expect, test } from "bun:test";
import { startProcess, temporaryFolder } from "../test-services/index.ts";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { countTestLines, formatTotals, readFailures, readSkippedTests, readTestTotals } from "../test-totals.ts";

async function runBunTest(text: string, ...args: string[]): Promise<string> {
  const cwd = temporaryFolder("test-totals");
  writeFileSync(join(cwd, "some.test.ts"), `import { describe, test } from "bun:test";\n${text}`);
  const cmd: [string, ...string[]] = [process.execPath, "test", ...args];
  const run = await startProcess({ cmd, cwd, readyWhen: ({ exit }) => exit !== undefined });
  return `${run.stdout()}${run.stderr()}`;
}

test("the totals are those of a real run", async () => {
  const output = await runBunTest(`
    test("one", () => {});
    test("two", () => {});
    test("three", () => { console.log(" 99 pass"); throw new Error("on purpose"); });
    describe.skipIf(true)("a group (skipped: because)", () => test("four", () => {}));
    test.todo("five");`);
  expect(readTestTotals(output)).toEqual({ passed: 2, failed: 1, skipped: 2 });
  expect(readSkippedTests(output)).toEqual(["a group (skipped: because) > four", "five"]);
});

test("what the output says of failures is found again, without the lines of other tests", async () => {
  const output = await runBunTest(`
    test("one", () => { console.log("of", "one"); });
    test("two", () => { throw new Error("on purpose"); });
    test("three", () => {});`);
  const [failure, ...others] = readFailures(output);
  expect(failure).toContain("on purpose");
  expect(failure).toMatch(/\(fail\) two/);
  expect(failure).not.toMatch(/^of one|^\(pass\)/m);
  expect(others).toEqual([]);
});

test("an error outside of a test counts as a failure, and is shown", async () => {
  const output = await runBunTest(`
    test("one", () => void setTimeout(() => { throw new Error("too late"); }, 1));
    test("two", () => {});
    test("three", () => new Promise((resolve) => setTimeout(resolve, 50)));`);
  expect(readTestTotals(output)?.failed).toBe(1);
  expect(readFailures(output).join("\n")).toContain("too late");
});

test("of a failure with a long text, the end is kept", () => {
  const lines = [...Array.from({ length: 100 }, (_, at) => `line ${at}`), "(fail) one [3ms]"];
  const output = [...lines, "1 tests failed:", "(fail) one [3ms]"].join("\n");
  expect(readFailures(output)).toHaveLength(1);
  expect(readFailures(output)[0]?.split("\n")).toHaveLength(60);
  expect(readFailures(output)[0]).toEndWith("line 99\n(fail) one [3ms]");
});

test("a file that cannot be loaded counts as a failure", async () => {
  const output = await runBunTest(`test("one", () => {});\nthrow new Error("at load");`);
  expect(readTestTotals(output)?.failed).toBeGreaterThan(0);
});

test("the totals of a run of workers are read, too", async () => {
  const output = await runBunTest(`test("one", () => {});`, "--parallel=2");
  expect(readTestTotals(output)).toEqual({ passed: 1, failed: 0, skipped: 0 });
});

test("a run that crashed has no totals, but the tests it told about count, and the crash as a failure", () => {
  const output = "bun test v1\n(pass) one\n(fail) two [3ms]\n(pass) three\n(skip) four\n";
  expect(readTestTotals(output)).toBeUndefined();
  expect(countTestLines(output)).toEqual({ passed: 2, failed: 2, skipped: 1 });
});

test("the closing line names skipped tests only where there are any", () => {
  expect(formatTotals({ passed: 2, failed: 0, skipped: 0 })).toBe("2 passed, 0 failed");
  expect(formatTotals({ passed: 2, failed: 1, skipped: 3 })).toBe("2 passed, 1 failed, 3 skipped");
});
