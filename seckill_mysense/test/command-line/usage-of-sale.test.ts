import { expect, test } from "bun:test";
import { parseCommandLine } from "../../src/command-line/parse.ts";
import { UsageError } from "../../src/command-line/usage-error.ts";
import { runProgram } from "../roles/program.ts";

function mistakeIn(words: string): UsageError {
  try {
    parseCommandLine(["sale", ...words.split(" ")]);
  } catch (error) {
    if (error instanceof UsageError) return error;
  }
  throw new Error(`${words}: this is no mistake`);
}

test.each([
  ["codes make spring --count many", "sale codes make [options] <id>", "is not a whole number"],
  ["codes make spring", "sale codes make [options] <id>", "give --count or --names"],
  ["codes make spring --count 1 --names file", "sale codes make [options] <id>", "give --count or --names"],
  ["codes revoke spring", "sale codes revoke [options] <id>", "'--number <n>' not specified"],
  ["codes give spring", "sale codes <command> [options]", "unknown command 'give'"],
  ["codes", "sale codes <command> [options]", "needs a command"],
  ["room rate spring --per-second 1 --most 2", "sale room rate [options] <id>", "give --per-second, or"],
  ["room rate spring --per-second fast", "sale room rate [options] <id>", "is not a number"],
  ["room shut spring", "sale room <command> [options]", "unknown command 'shut'"],
  ["restock spring --units 1", "sale restock [options] <id>", "'--product <id>' not specified"],
  ["sell", "sale <command> [options]", "unknown command 'sell'"],
])("a mistake in sale %s is told with the help of that command", (words, usage, message) => {
  const mistake = mistakeIn(words);
  expect(mistake.message).toContain(message);
  expect(mistake.help).toStartWith(`Usage: seckill ${usage}\n`);
});

test("the program prints this help, and ends with 2", async () => {
  const { code, stdout, stderr } = await runProgram(["sale", "codes", "revoke", "spring"]);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain("not specified\n\nUsage: seckill sale codes revoke");
});
