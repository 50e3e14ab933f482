import { join } from "node:path";
import type { Command } from "../my_redis/src/dispatch/command.ts";
import { allCommands } from "../my_redis/src/commands/index.ts";
import { escapedCell, markdownTable } from "./markdown-table.ts";
import { redisCommands } from "./redis-commands.ts";
import results from "./redis-suite/results.json";
import { suiteTables } from "./redis-suite/suite-tables.ts";
import { repositoryFolder } from "./source-files.ts";

/** The page whose tables are made from the table of commands. The text outside of its markers is written by hand. */
export const compatibilityFile = join(repositoryFolder, "docs", "compatibility.md");

interface Entry {
  /** With the container's name before a subcommand's: "CONFIG GET". */
  readonly name: string;
  readonly command: Command;
}

/** The page with new tables of these commands. Throws when one of its markers is missing. */
export function withTables(page: string, commands: readonly Command[]): string {
  const entries = commands.flatMap(entriesOf);
  const parts = { overview: overview(entries), suite: suiteTables(results), commands: listing(entries) };
  return Object.entries(parts).reduce((filled, [part, content]) => fill(filled, part, content), page);
}

/** The command itself, unless it is only a container, and its subcommands except HELP. */
function entriesOf(command: Command): Entry[] {
  const subcommands = (command.subcommands ?? []).filter(({ name }) => name !== "HELP");
  const own = command.run === undefined ? [] : [{ name: command.name, command }];
  return [...own, ...subcommands.map((each) => ({ name: `${command.name} ${each.name}`, command: each }))];
}

function fill(page: string, part: string, content: string): string {
  const [start, end] = [`<!-- ${part} -->`, `<!-- /${part} -->`];
  const [from, to] = [page.indexOf(start), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${compatibilityFile} has no ${start} ... ${end}`);
  return `${page.slice(0, from + start.length)}\n\n${content}\n\n${page.slice(to)}`;
}

/** For each group: how many of Redis's commands are here, and which are missing. */
function overview(entries: readonly Entry[]): string {
  const ours = new Set(entries.map(({ name }) => name));
  const rows = Object.entries(redisCommands).map(([group, names]) => {
    const expected = names.filter((name) => !isContainer(name, names));
    const missing = expected.filter((name) => !ours.has(name));
    const here = expected.length - missing.length;
    return [group, `${here} of ${expected.length}`, here === 0 ? "all of it" : missing.join(", ")];
  });
  return markdownTable(["Group", "Here", "Not here"], rows);
}

const isContainer = (name: string, names: readonly string[]): boolean =>
  names.some((other) => other.startsWith(`${name} `));

function listing(entries: readonly Entry[]): string {
  const groups = Map.groupBy(entries, ({ command }) => command.group);
  const sections = [...groups]
    .sort(([one], [other]) => compare(one, other))
    .map(([group, members]) => {
      const rows = members
        .toSorted((one, other) => compare(one.name, other.name))
        .map(({ name, command: { since, arity, summary } }) => [
          `\`${name}\``,
          since,
          `${arity}`,
          escapedCell(summary),
        ]);
      return `### ${group}\n\n${markdownTable(["Command", "Since", "Arity", "Summary"], rows)}`;
    });
  return sections.join("\n\n");
}

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

if (import.meta.main) {
  const page = await Bun.file(compatibilityFile).text();
  await Bun.write(compatibilityFile, withTables(page, allCommands));
}
