import { resolve } from "node:path";
import { ConfigReader } from "./read-config.ts";
import { Settings } from "./settings.ts";
import { quoteWord } from "./split-words.ts";

export interface StartLine {
  readonly ask: "start";
  /** Path of a configuration file. */
  readonly file: string | undefined;
  /** "-": standard input holds further configuration. */
  readonly standardInput: boolean;
  /** The --directives, as lines of redis.conf. */
  readonly lines: readonly string[];
  /** Words with the same effect, to which more --directives can be appended. */
  readonly words: readonly string[];
}

/** The request of a command line: to start, or to print something. */
export type CommandLine = StartLine | { readonly ask: "version" | "help" };

/** Reads the words after the program's name, in the form of redis-server: [file] [-] [--directive value ...]. */
export function readCommandLine(words: readonly string[]): CommandLine {
  const first = words[0];
  if (words.length === 1 && (first === "-v" || first === "--version")) return { ask: "version" };
  if (words.length === 1 && (first === "-h" || first === "--help")) return { ask: "help" };
  const file = first !== undefined && !first.startsWith("-") ? first : undefined;
  const rest = [...words.slice(file === undefined ? 0 : 1)];
  const standardInput = rest[0] === "-" || rest.at(-1) === "-";
  if (rest[0] === "-") rest.shift();
  else if (standardInput) rest.pop();
  const same = [...(file === undefined ? [] : [file]), ...(standardInput ? ["-"] : []), ...rest];
  return { ask: "start", file, standardInput, lines: linesOf(rest), words: same };
}

function linesOf(words: readonly string[]): string[] {
  const lines: string[][] = [];
  for (const word of words) {
    if (word.startsWith("--") && word.length > 2) lines.push([word.slice(2)]);
    else if (lines.length === 0) lines.push([quoteWord(word)]);
    else lines.at(-1)?.push(quoteWord(word));
  }
  // In Redis `--save` alone has always meant "no save points".
  return lines.map((line) => (line.length === 1 && line[0] === "save" ? 'save ""' : line.join(" ")));
}

/**
 * The settings from file, standard input and command line together. When several of them set a directive, the last one
 * wins. Throws ConfigError and ConfigFileError.
 */
export function loadSettings(commandLine: StartLine, readStandardInput: () => string): Settings {
  const settings = new Settings();
  const reader = new ConfigReader(settings);
  if (commandLine.file !== undefined) {
    settings.file = resolve(commandLine.file);
    reader.readFile(commandLine.file);
  }
  if (commandLine.standardInput) reader.readText(readStandardInput(), "from standard input");
  reader.readText(commandLine.lines.join("\n"), "from the command line");
  return settings;
}

export const usage = `Usage: my-redis-server [path/to/redis.conf] [-] [--directive value ...]
       my-redis-server -v or --version
       my-redis-server -h or --help
       my-redis-server check-aof [--fix] [--databases N] <folder or file>
       my-redis-server check-rdb [--databases N] <file>

A lone - reads directives from standard input. A directive of the command line wins over the file.

Examples:
       my-redis-server                                  every directive at its default
       my-redis-server redis.conf                       directives from a file
       my-redis-server redis.conf --port 7777           one of them changed
       my-redis-server --port 0 --appendonly yes        any free port, with an append-only file
       my-redis-server --nodes 3 --appendonly yes       three nodes of one ring, ports 6379 to 6381
       echo 'maxclients 100' | my-redis-server -        directives from standard input
`;
