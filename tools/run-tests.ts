import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exercisedFileVariable } from "./exercised-file.ts";
import { repositoryFolder } from "./source-files.ts";
import { testMinutes } from "./test-minutes.ts";
import { testSteps } from "./test-pieces.ts";
import {
  countTestLines,
  formatTotals,
  readFailures,
  readSkippedTests,
  readTestTotals,
  type TestTotals,
} from "./test-totals.ts";
import { prepareServices } from "./test-services/prepare.ts";

/**
 * `npm test`: the tests with their real servers, except for the long ones, which are `npm run test:long`. Other arguments
 * go to `bun test`: `npm test -- hash_ring`. The last line is "N passed, N failed", with ", N skipped" where there are
 * any. TEST_MINUTES bounds how long they may take.
 */
const testTimeoutMs = 30_000;
/** Test files that run at once, each in a process of its own: most of them wait for the servers that they start. */
const workers = 2;
const maxKeptOutput = 16 * 1024 * 1024;

const minutes = minutesOrExit();
const endsAtMs = performance.now() + minutes * 60_000;
prepareServices();
// The test of all commands reads there which ones the other tests have compared with redis-server.
const folder = mkdtempSync(join(tmpdir(), "tests-"));
process.env[exercisedFileVariable] = join(folder, "exercised-commands");
const all: TestTotals = { passed: 0, failed: 0, skipped: 0 };
const skipped: string[] = [];
const failures: string[] = [];
let isWell = true;
for (const files of stepsOf(process.argv.slice(2))) {
  const { output, exitCode } = await runBunTest(files);
  const summary = readTestTotals(output);
  if (summary === undefined) console.error("bun test ended without a summary");
  const totals = summary ?? countTestLines(output);
  for (const name of ["passed", "failed", "skipped"] as const) all[name] += totals[name];
  skipped.push(...readSkippedTests(output));
  failures.push(...readFailures(output));
  isWell &&= exitCode === 0 && totals.failed === 0;
}
rmSync(folder, { recursive: true });
// Said again at the end: who sees only the end of the output learns why.
if (failures.length > 0) console.log(`\nFailed:\n${[...new Set(failures)].join("\n\n")}`);
if (skipped.length > 0) console.log(`\nSkipped:\n${skipped.map((name) => `  ${name}`).join("\n")}`);
console.log(`\n${formatTotals(all)}`);
process.exitCode = isWell ? 0 : 1;

function stepsOf(args: readonly string[]): readonly (readonly string[])[] {
  if (args.length === 0) return testSteps("short");
  return args.length === 1 && args[0] === "--long" ? testSteps("long") : [args];
}

function minutesOrExit(): number {
  try {
    return testMinutes(process.env["TEST_MINUTES"]);
  } catch (error) {
    console.error((error as Error).message);
    process.exit(2);
  }
}

interface TestRun {
  output: string;
  exitCode: number;
}

function runBunTest(args: readonly string[]): Promise<TestRun> {
  const options = [`--timeout=${testTimeoutMs}`, `--parallel=${workers}`, "--no-isolate"];
  const child = spawn(process.execPath, ["test", ...options, ...args], {
    cwd: repositoryFolder,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const limit = setTimeout(
    () => {
      console.error(`the tests took longer than ${minutes} minutes: set TEST_MINUTES to give them more`);
      child.kill("SIGKILL");
    },
    Math.max(0, endsAtMs - performance.now()),
  );
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      process.stdout.write(text);
      output = (output + text).slice(-maxKeptOutput);
    });
  }
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      clearTimeout(limit);
      resolve({ output, exitCode: code ?? 1 });
    });
  });
}
