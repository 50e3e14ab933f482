import { expect, test } from "bun:test";
import { commandLineFile, documentation } from "../../../tools/generate-command-line.ts";
import { below, commands, groups } from "../../src/command-line/command-table.ts";
import { exitCodes } from "../../src/command-line/exit-codes.ts";
import { helpOf } from "../../src/command-line/help.ts";
import { parseCommandLine } from "../../src/command-line/parse.ts";

test("no two commands share their words, and none stands in the way of another", () => {
  const paths = commands.map(({ path }) => path);
  expect(new Set(paths).size).toBe(paths.length);
  for (const path of paths) expect([path, below(path)]).toEqual([path, []]);
});

test("every group is explained, and every explanation has its group", () => {
  const used = commands.flatMap(({ path }) => {
    const words = path.split(" ");
    return words.slice(1).map((_, index) => words.slice(0, index + 1).join(" "));
  });
  expect(new Set(used)).toEqual(new Set(Object.keys(groups)));
});

test("options of one name agree on whether they take a value, since they may stand before the command", () => {
  const kinds = new Map<string, boolean>();
  for (const { options } of commands) {
    for (const [name, { value }] of Object.entries(options)) {
      expect([name, kinds.get(name) ?? value === undefined]).toEqual([name, value === undefined]);
      kinds.set(name, value === undefined);
    }
  }
});

test.each(commands.map((command) => [command.path, command] as const))(
  "the example of %s is understood",
  (path, command) => {
    const words = [...command.example.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!);
    expect(parseCommandLine(words).kind).toBe("run");
    const help = helpOf(path);
    for (const name of Object.keys(command.options)) expect(help).toContain(`--${name}`);
  },
);

test("no two outcomes share their exit code", () => {
  const codes = Object.values(exitCodes).map(({ code }) => code);
  expect(new Set(codes).size).toBe(codes.length);
});

test("docs/command-line.md is what the table of commands says", async () => {
  expect(await Bun.file(commandLineFile).text()).toBe(documentation());
});
