import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { commands, groups } from "../seckill_mysense/src/command-line/command-table.ts";
import { exitCodes } from "../seckill_mysense/src/command-line/exit-codes.ts";
import { endsOf, helpOf, optionRows, usageOf } from "../seckill_mysense/src/command-line/help.ts";
import { escapedCell, markdownTable } from "./markdown-table.ts";
import { repositoryFolder } from "./source-files.ts";

export const commandLineFile = join(repositoryFolder, "docs", "command-line.md");

/** docs/command-line.md from the table of commands. */
export function documentation(): string {
  const groupLines = Object.entries(groups).map(([path, summary]) => `- \`${path}\`: ${summary}`);
  const sections = commands.flatMap((command) => {
    const { path, summary, details, example, options, passesOn } = command;
    const rows = optionRows(options).map(([left, right]) => `- \`${left}\`: ${right}`);
    const words = Object.entries(command.arguments).map(([name, { summary: means, choices }]) => {
      return `- \`${name}\`: ${means}${choices === undefined ? "" : ` (${choices.join(", ")})`}`;
    });
    const list = [...words, ...rows];
    const codes =
      passesOn === true
        ? []
        : [
            `Ends with ${endsOf(command)
              .map(({ code }) => code)
              .join(", ")}.`,
            "",
          ];
    return [
      ...[`## ${path}`, "", `${summary}.`, ""],
      ...["```", usageOf(command), `seckill ${example}`, "```", ""],
      ...(details === undefined ? [] : ["```", details, "```", ""]),
      ...(list.length === 0 ? [] : [...list, ""]),
      ...codes,
    ];
  });
  return [
    "# The command line",
    "",
    "<!-- Written by tools/generate-command-line.ts; a test compares it with the table of commands. -->",
    "",
    "In a checkout `npx seckill` starts the program; `npx bun seckill_mysense/main.ts` is the same, and `npm start` is",
    "`seckill` without a command. Options may stand anywhere, `--name value` and `--name=value` are the same, and a mistyped",
    "command or option is answered with the nearest known one. Colours are used on a terminal alone, and not with `NO_COLOR`.",
    "With `--json` the outcome is one JSON value on the standard output, also when the command line is wrong.",
    "",
    "```",
    helpOf(""),
    "```",
    "",
    "Commands that belong together:",
    "",
    ...groupLines,
    "",
    markdownTable(
      ["Code", "It means"],
      Object.values(exitCodes).map(({ code, means }) => [String(code), escapedCell(means)]),
    ),
    "",
    ...sections,
  ].join("\n");
}

if (import.meta.main) writeFileSync(commandLineFile, documentation());
