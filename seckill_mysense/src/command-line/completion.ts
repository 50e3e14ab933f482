import type { shells } from "../roles/task.ts";
import { below, commands, groups, programName } from "./command-table.ts";
import type { Command } from "./command.ts";

/** What may follow a path: the next words, and the options, each with what it means. */
interface Place {
  readonly path: string;
  readonly words: readonly (readonly [string, string])[];
  readonly options: Command["options"];
}

/** The text that a shell runs to complete the words of this program. */
export function completionFor(shell: (typeof shells)[number]): string {
  return { bash, zsh, fish }[shell]();
}

function places(): Place[] {
  const ofGroups = ["", ...Object.keys(groups)].map((path): Place => ({
    path,
    words: below(path).map((each) => [each.path.split(" ").at(-1)!, each.summary]),
    options: {},
  }));
  const ofCommands = commands.map(({ path, arguments: table, options }): Place => {
    const choices = Object.values(table)[0]?.choices ?? [];
    return { path, words: choices.map((word) => [word, ""]), options };
  });
  return [...ofGroups, ...ofCommands];
}

const ownOptions = ["--help"];
const wordsOf = ({ words, options }: Place): string =>
  [...words.map(([word]) => word), ...Object.keys(options).map((name) => `--${name}`), ...ownOptions].join(" ");

/** Options by name whose value is one of a few words, or a file; of other values a shell knows nothing. */
function valueCases(): { readonly name: string; readonly path: string; readonly choices: string | undefined }[] {
  return commands.flatMap(({ path, options }) =>
    Object.entries(options).flatMap(([name, { value, choices }]) =>
      value === undefined ? [] : [{ name, path, choices: value === "file" ? undefined : (choices ?? []).join(" ") }],
    ),
  );
}

/** The part that bash and zsh share: `typed_path` is what was typed so far, `previous` the word before the one to complete. */
function cases(files: string, words: (list: string) => string): string {
  const known = places().flatMap(({ path }) => (path === "" ? [] : [`" ${path}"`]));
  const values = valueCases().map(({ name, path, choices }) => {
    return `    "--${name} ${path}") ${choices === undefined ? files : words(choices)}; return ;;`;
  });
  const next = places().map(
    (place) => `    "${place.path === "" ? "" : ` ${place.path}`}") ${words(wordsOf(place))} ;;`,
  );
  return [
    `  for each in "\${typed[@]}"; do`,
    `    case "$typed_path $each" in ${known.join("|")}) typed_path="$typed_path $each" ;; esac`,
    "  done",
    `  case "$previous$typed_path" in`,
    ...values,
    "  esac",
    `  case "$typed_path" in`,
    ...next,
    "  esac",
  ].join("\n");
}

function bash(): string {
  return [
    `# Completion of ${programName} for bash. Written by "${programName} completion bash".`,
    `_${programName}() {`,
    `  local word="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD - 1]}" typed_path="" each`,
    `  local typed=("\${COMP_WORDS[@]:1:COMP_CWORD-1}")`,
    cases(`mapfile -t COMPREPLY < <(compgen -f -- "$word")`, (list) => {
      return `mapfile -t COMPREPLY < <(compgen -W "${list}" -- "$word")`;
    }),
    "}",
    `complete -o filenames -F _${programName} ${programName}`,
  ].join("\n");
}

function zsh(): string {
  return [
    `#compdef ${programName}`,
    `# Completion of ${programName} for zsh. Written by "${programName} completion zsh".`,
    `_${programName}() {`,
    `  local previous="\${words[CURRENT - 1]}" typed_path="" each`,
    `  local -a typed=("\${(@)words[2,CURRENT-1]}")`,
    cases("_files", (list) => `compadd -- ${list}`),
    "}",
    `compdef _${programName} ${programName}`,
  ].join("\n");
}

/** fish takes a condition for each word; the function says which path was typed. */
function fish(): string {
  const known = places().flatMap(({ path }) => (path === "" ? [] : [`" ${path}"`]));
  const at = (path: string): string => `-n '__${programName}_at "${path === "" ? "" : ` ${path}`}"'`;
  const lines = places().flatMap(({ path, words, options }) => [
    ...words.map(([word, summary]) => `complete -c ${programName} -f ${at(path)} -a ${word}${described(summary)}`),
    ...Object.entries(options).map(([name, { value, summary, choices }]) => {
      const taken = value === undefined ? "" : value === "file" ? " -r -F" : ` -x${argumentsOf(choices)}`;
      return `complete -c ${programName} ${at(path)} -l ${name}${taken}${described(summary)}`;
    }),
  ]);
  return [
    `# Completion of ${programName} for fish. Written by "${programName} completion fish".`,
    `function __${programName}_at`,
    "  set -l path ''",
    "  for each in (commandline -opc)[2..]",
    `    switch "$path $each"`,
    `      case ${known.join(" ")}`,
    `        set path "$path $each"`,
    "    end",
    "  end",
    `  test "$path" = "$argv[1]"`,
    "end",
    `complete -c ${programName} -l help -d 'this help'`,
    ...lines,
  ].join("\n");
}

const argumentsOf = (choices: readonly string[] | undefined): string =>
  choices === undefined ? "" : ` -a '${choices.join(" ")}'`;
const described = (summary: string): string =>
  summary === "" ? "" : ` -d '${summary.replaceAll("'", String.raw`\'`)}'`;
