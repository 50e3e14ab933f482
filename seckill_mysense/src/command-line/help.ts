import { type Command, topics } from "./command.ts";
import { type Below, below, commandAt, commands, groups, programName } from "./command-table.ts";
import { exitCodes } from "./exit-codes.ts";
import { noPaint, type Paint } from "./paint.ts";

/** How wide the left column may become before a summary goes to its own line. */
const maxLeft = 30;

/** The text of `--help`: of a command, of a group, or of the program for "". */
export function helpOf(path: string, paint: Paint = noPaint): string {
  const command = commandAt(path);
  if (command !== undefined) return helpOfCommand(command, paint);
  return path === "" ? helpOfProgram(paint) : helpOfGroup(path, paint);
}

function helpOfProgram(paint: Paint): string {
  const all = below("");
  const sections = topics.map((topic) => {
    const rows = all.filter((each) => topicOf(each) === topic).map(rowOf);
    return section(topic, rows, paint);
  });
  return [
    `Usage: ${programName} [command] [options]`,
    "",
    "The flash sale: runs it, whole or in roles, and looks after it. Without a command it starts every part in one process.",
    ...sections,
    section("Options", [...optionRows({ config: commandAt("start")!.options["config"]! }), ...ownRows], paint),
    section(
      "Exit codes",
      Object.values(exitCodes).map(({ code, means }) => [String(code), means]),
      paint,
    ),
    "",
    `${programName} help <command> explains one command.`,
  ].join("\n");
}

const topicOf = ({ path, command }: Below): Command["topic"] =>
  (command ?? commands.find((each) => each.path.startsWith(`${path} `))!).topic;

function helpOfGroup(path: string, paint: Paint): string {
  return [
    `Usage: ${programName} ${path} <command> [options]`,
    "",
    sentence(groups[path] ?? ""),
    section("Commands", below(path).map(rowOf), paint),
    "",
    `${programName} help ${path} <command> explains one command.`,
  ].join("\n");
}

function helpOfCommand(command: Command, paint: Paint): string {
  const { summary, details, example, options, arguments: table } = command;
  const words = Object.entries(table).map(([name, { summary: means, choices }]): [string, string] => [
    name,
    choices === undefined ? means : `${means}: ${choices.join(", ")}`,
  ]);
  const codes = endsOf(command).map(({ code, means }): [string, string] => [String(code), means]);
  return [
    `Usage: ${usageOf(command)}`,
    "",
    sentence(summary),
    ...(details === undefined ? [] : ["", details]),
    ...(words.length === 0 ? [] : [section("Arguments", words, paint)]),
    ...(command.passesOn === true ? [] : [section("Options", [...optionRows(options), ...ownRows.slice(0, 1)], paint)]),
    ...(command.passesOn === true ? [] : [section("Exit codes", codes, paint)]),
    section("Example", [[`${programName} ${example}`, ""]], paint),
  ].join("\n");
}

/** Such as `seckill sale show [options] <id>`. */
export function usageOf({ path, arguments: table, passesOn }: Command): string {
  const words = Object.entries(table).map(([name, { isOptional }]) =>
    isOptional === true ? `[${name}]` : `<${name}>`,
  );
  return [programName, path, passesOn === true ? "..." : "[options]", ...words].join(" ");
}

/** Every command may end with 0, or with 2 after a mistake. */
export function endsOf({ ends }: Command): readonly (typeof exitCodes)[keyof typeof exitCodes][] {
  const names = ["ok", "mistake", ...ends] as const;
  return names.map((name) => exitCodes[name]).toSorted((a, b) => a.code - b.code);
}

const ownRows: [string, string][] = [
  ["-h, --help", "this help"],
  ["-V, --version", "the version of the program"],
];

export function optionRows(options: Command["options"]): [string, string][] {
  return Object.entries(options).map(([name, { value, summary, choices, isRequired }]) => [
    value === undefined ? `--${name}` : `--${name} <${value}>`,
    `${summary}${choices === undefined ? "" : ` (${choices.join(", ")})`}${isRequired === true ? "; required" : ""}`,
  ]);
}

const rowOf = ({ path, summary, command }: Below): [string, string] => [
  command === undefined ? `${path} ...` : path,
  summary,
];

const sentence = (summary: string): string => `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;

function section(title: string, rows: readonly (readonly [string, string])[], paint: Paint): string {
  const width = Math.min(maxLeft, Math.max(...rows.map(([left]) => left.length)));
  const lines = rows.map(([left, right]) => {
    const gap = left.length > width ? `\n${" ".repeat(width + 4)}` : " ".repeat(width - left.length + 2);
    return `  ${paint("name", left)}${right === "" ? "" : `${gap}${right}`}`;
  });
  return `\n${paint("title", `${title}:`)}\n${lines.join("\n")}`;
}
