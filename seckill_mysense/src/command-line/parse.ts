import { parseArgs } from "node:util";
import { type CommandLine, roles } from "../roles/task.ts";
import type { Command } from "./command.ts";
import { below, commandAt, commands } from "./command-table.ts";
import { helpOf } from "./help.ts";
import { suggestion } from "../contract/nearest.ts";
import type { ArgumentTable, Option, OptionTable } from "./option.ts";
import { UsageError } from "./usage-error.ts";

export type Asked =
  | { readonly kind: "run"; readonly commandLine: CommandLine }
  /** `path` is that of a command or group; "" for the whole program. */
  | { readonly kind: "help"; readonly path: string }
  | { readonly kind: "version" };

/** An option as it was written. */
interface Given {
  readonly name: string;
  readonly value: string | undefined;
}

/**
 * Reads a command line. Options may stand anywhere, also before the command; of one that is given twice the last counts.
 * @throws UsageError that names the word which is wrong
 */
export function parseCommandLine(args: readonly string[]): Asked {
  const foreign = commandAt(args[0] ?? "");
  if (foreign?.passesOn === true) {
    return { kind: "run", commandLine: { configFile: undefined, task: foreign.toTask({}, {}, args.slice(1)) } };
  }
  const { words, given } = split(args);
  // A line that lacks a value cannot be read: the next word may be meant as that value.
  for (const each of given) checkValue(each);
  if (given.some(({ name }) => name === "help") || words[0] === "help") {
    return { kind: "help", path: pathBefore(words[0] === "help" ? words.slice(1) : words) };
  }
  if (given.some(({ name }) => name === "version")) return { kind: "version" };
  for (const { name } of given) if (!allOptions.has(name)) throw unknownOption(name);
  const { command, rest } = find(withStart(words));
  try {
    const options = readOptions(command, given);
    const task = command.toTask(
      readWords(command, rest) as unknown as ArgumentTable,
      options as unknown as OptionTable,
      [],
    );
    return { kind: "run", commandLine: { configFile: options["config"] as string | undefined, task } };
  } catch (error) {
    throw error instanceof UsageError ? new UsageError(error.message, helpOf(command.path)) : error;
  }
}

/** Every option of every command. Options of one name agree on whether they take a value, which a test checks. */
const allOptions = new Map<string, Option<unknown>>(commands.flatMap(({ options }) => Object.entries(options)));
const ownOptions = ["help", "version"];

function split(args: readonly string[]): { readonly words: string[]; readonly given: Given[] } {
  const known = [...allOptions].map(([name, { value }]) => [
    name,
    { type: value === undefined ? "boolean" : "string" },
  ]);
  const { tokens } = parseArgs({
    args: [...args],
    options: {
      ...(Object.fromEntries(known) as Record<string, { type: "boolean" | "string" }>),
      help: { type: "boolean", short: "h" },
      version: { type: "boolean", short: "V" },
    },
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const words = tokens.flatMap((token) => (token.kind === "positional" ? [token.value] : []));
  return { words, given: tokens.flatMap((token) => (token.kind === "option" ? [token] : [])) };
}

function checkValue({ name, value }: Given): void {
  const option = allOptions.get(name);
  if (option === undefined && !ownOptions.includes(name)) return;
  const takesValue = option?.value !== undefined;
  if (takesValue && value === undefined) throw new UsageError(`option '--${name} <${option.value}>' argument missing`);
  if (!takesValue && value !== undefined) throw new UsageError(`option '--${name}' takes no value, but got ${value}`);
}

/** The role alone is a command, and no word at all starts everything. */
function withStart(words: readonly string[]): readonly string[] {
  return words.length === 0 || roles.some((role) => role === words[0]) ? ["start", ...words] : words;
}

/** The longest beginning that names a command or group. Help is given whatever else is written. */
function pathBefore(words: readonly string[]): string {
  const started = words.length === 0 ? words : withStart(words);
  for (let length = started.length; length > 0; length--) {
    const path = started.slice(0, length).join(" ");
    if (commandAt(path) !== undefined || below(path).length > 0) return path;
  }
  return "";
}

function find(words: readonly string[]): { readonly command: Command; readonly rest: readonly string[] } {
  let path = "";
  for (const [index, word] of words.entries()) {
    const known = below(path).find((each) => each.path === (path === "" ? word : `${path} ${word}`));
    if (known === undefined) throw unknownCommand(path, word);
    if (known.command !== undefined) return { command: known.command, rest: words.slice(index + 1) };
    path = known.path;
  }
  throw new UsageError(`${path} needs a command: ${lastWords(path).join(", ")}`, helpOf(path));
}

const lastWords = (path: string): string[] => below(path).map((each) => each.path.split(" ").at(-1)!);

function unknownCommand(path: string, word: string): UsageError {
  const known = path === "" ? [...lastWords(path), ...roles, "help"] : lastWords(path);
  const where = path === "" ? "" : ` of ${path}`;
  return new UsageError(`unknown command '${word}'${where}${suggestion(word, known)}`, helpOf(path));
}

function readWords({ path, arguments: table }: Command, words: readonly string[]): Record<string, string | undefined> {
  const names = Object.entries(table);
  const tooMany = words[names.length];
  if (tooMany !== undefined) throw new UsageError(`${tooMany} is one word too many for ${path}`);
  return Object.fromEntries(
    names.map(([name, { choices, isOptional, summary }], index) => {
      const word = words[index];
      if (word === undefined && isOptional !== true) throw new UsageError(`${path} needs <${name}>: ${summary}`);
      if (word !== undefined && choices?.includes(word) === false) {
        const end = suggestion(word, choices);
        throw new UsageError(`${path} takes one of ${choices.join(", ")}, but got ${word}${end}`);
      }
      return [name, word];
    }),
  );
}

function readOptions(command: Command, given: readonly Given[]): Record<string, unknown> {
  const known = Object.keys(command.options);
  for (const { name } of given) if (!known.includes(name)) throw strayOption(command, name);
  return Object.fromEntries(
    Object.entries(command.options).map(([name, option]) => {
      const last = given.findLast((each) => each.name === name);
      if (last !== undefined) return [name, read(name, option, last.value ?? "")];
      if (option.isRequired === true)
        throw new UsageError(`required option '--${name} <${option.value}>' not specified`);
      return [name, option.absent];
    }),
  );
}

function read(name: string, option: Option<unknown>, value: string): unknown {
  try {
    return option.read(value);
  } catch (error) {
    throw error instanceof UsageError ? new UsageError(`--${name}: ${error.message}`) : error;
  }
}

/** How many commands a message names before it gives up. */
const maxOwners = 4;

/** An option that other commands have. */
function strayOption({ path }: Command, name: string): UsageError {
  const owners = commands.filter((command) => Object.hasOwn(command.options, name)).map((command) => command.path);
  const named = owners.slice(0, maxOwners).join(" and to ");
  return new UsageError(
    `--${name} belongs to ${named}${owners.length > maxOwners ? " and to others" : ""}, not to ${path}`,
  );
}

function unknownOption(name: string): UsageError {
  const written = name.length === 1 ? `-${name}` : `--${name}`;
  const known = [...allOptions.keys(), ...ownOptions].map((each) => `--${each}`);
  return new UsageError(`unknown option '${written}'${suggestion(written, known)}`);
}
