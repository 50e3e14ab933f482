import { describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { requireService } from "../../../../tools/test-services/index.ts";
import { allCommands } from "../../../src/commands/index.ts";
import { exercisedCommands, exercisedFileVariable } from "../harness/exercised-commands.ts";

const redis = requireService("redis");
const folder = resolve(import.meta.dir, "..");

/** Groups of which every command must be compared. A group joins when its tests are complete, and never leaves. */
const completeGroups: ReadonlySet<string> = new Set([
  "bitmap",
  "connection",
  "generic",
  "hash",
  "list",
  "pubsub",
  "server",
  "set",
  "stream",
  "string",
  "transactions",
]);

/** Commands of these groups without a differential test, each with its reason. */
const withoutComparison: Readonly<Record<string, string>> = {
  "client|no-touch": "of Redis 7.2, which is not the server beside us",
  "client|setinfo": "of Redis 7.2, which is not the server beside us",
};

describe.skipIf(redis.missing)(`the table of commands${redis.reason}`, () => {
  test("has a differential test for every command of the groups that are complete", async () => {
    let exercised = exercisedCommands();
    const isMissing = (name: string): boolean => !exercised.has(name) && !(name in withoutComparison);
    // In a run of all tests the others have run by now, in this process. Run alone, this test runs them.
    if (namesInTable().some(isMissing)) exercised = await exercisedByAllTests();
    expect(namesInTable().filter(isMissing)).toEqual([]);
    const needless = Object.keys(withoutComparison).filter((name) => exercised.has(name));
    expect(needless).toEqual([]);
  }, 300_000);
});

/** Lower case; subcommands as "config|get". A container that cannot be run itself is left out. */
function namesInTable(): string[] {
  return allCommands
    .filter(({ group }) => completeGroups.has(group))
    .flatMap(({ name, run, subcommands = [] }) => [
      ...(run === undefined ? [] : [name]),
      ...subcommands.map((subcommand) => `${name}|${subcommand.name}`),
    ])
    .map((name) => name.toLowerCase());
}

/** What the test files in the folder above exercise, in a process of their own. */
async function exercisedByAllTests(): Promise<ReadonlySet<string>> {
  const place = mkdtempSync(join(tmpdir(), "exercised-commands-"));
  const file = join(place, "names");
  const tests = readdirSync(folder).filter((name) => name.endsWith(".test.ts"));
  const cmd = [process.execPath, "test", ...tests.map((name) => join(folder, name))];
  const env = { ...process.env, [exercisedFileVariable]: file };
  await Bun.spawn({ cmd, env, stdout: "ignore", stderr: "ignore" }).exited;
  const names = readFileSync(file, "utf8").split("\n");
  rmSync(place, { recursive: true });
  return new Set(names);
}
