import { describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { exercisedFileVariable } from "../../../../tools/exercised-file.ts";
import { requireService } from "../../../../tools/test-services/index.ts";
import { allCommands } from "../../../src/commands/index.ts";
import { exercisedCommands } from "../harness/exercised-commands.ts";

const redis = requireService("redis");
const folder = resolve(import.meta.dir, "..");

const ofRedis74 = "of Redis 7.4, which is not the server beside us";
const ofRedis8 = "of Redis 8.0, which is not the server beside us";

/** Commands without a differential test, each with its reason. */
const withoutComparison: Readonly<Record<string, string>> = {
  hexpire: ofRedis74,
  hpexpire: ofRedis74,
  hexpireat: ofRedis74,
  hpexpireat: ofRedis74,
  httl: ofRedis74,
  hpttl: ofRedis74,
  hexpiretime: ofRedis74,
  hpexpiretime: ofRedis74,
  hpersist: ofRedis74,
  hgetdel: ofRedis8,
  hgetex: ofRedis8,
  hsetex: ofRedis8,
  waitaof: "of Redis 7.2, which is not the server beside us",
  "cluster|ring": "of MyRedis only",
  "cluster|myshardid": "of Redis 7.2, which is not the server beside us",
  "client|no-touch": "of Redis 7.2, which is not the server beside us",
  "client|setinfo": "of Redis 7.2, which is not the server beside us",
};

describe.skipIf(redis.missing)(`the table of commands${redis.reason}`, () => {
  test("has a differential test for every command", async () => {
    let exercised = exercisedCommands();
    const isMissing = (name: string): boolean => !exercised.has(name) && !(name in withoutComparison);
    // In a run of all tests, the others have already run. When this test runs alone, it starts them.
    if (namesInTable().some(isMissing)) exercised = await exercisedByAllTests();
    expect(namesInTable().filter(isMissing)).toEqual([]);
    const needless = Object.keys(withoutComparison).filter((name) => exercised.has(name));
    expect(needless).toEqual([]);
  }, 300_000);
});

/** Names in lower case; subcommands as "config|get". A container that cannot be run itself is left out. */
function namesInTable(): string[] {
  return allCommands
    .flatMap(({ name, run, subcommands = [] }) => [
      ...(run === undefined ? [] : [name]),
      ...subcommands.map((subcommand) => `${name}|${subcommand.name}`),
    ])
    .map((name) => name.toLowerCase());
}

/** The commands that the test files in the folder above exercise, which run in a separate process. */
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
