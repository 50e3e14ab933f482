import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { globMatches } from "../values/glob-pattern.ts";
import { ConfigError, ConfigFileError, type ConfigLine } from "./config-error.ts";
import { DirectiveError } from "./directive.ts";
import { allNames, type DirectiveName, directiveOf, findDirective } from "./directives.ts";
import { suggestion } from "./nearest-name.ts";
import type { Settings } from "./settings.ts";
import { splitLine, splitWords } from "./split-words.ts";

/** Limit on nested includes, because a file that includes itself would never end. */
const maxIncludeDepth = 16;

/** Directives of redis.conf that are statements rather than values, and why they are not supported. */
const notOffered = new Map([
  ["user", "there are no users besides the default one yet: set its password with requirepass"],
  ["rename-command", "commands keep their names"],
  ["loadmodule", "modules for Redis cannot be loaded"],
  ["sentinel", "this server is not a sentinel"],
]);

/**
 * Reads configuration text into settings, line by line as redis-server does. Later lines win. A repeatable directive
 * accumulates within one source (file, standard input, command line).
 */
export class ConfigReader {
  readonly #settings: Settings;
  readonly #given = new Set<DirectiveName>();

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Throws ConfigFileError and ConfigError. */
  readFile(path: string, depth = 0): void {
    let content: string;
    try {
      content = readFileSync(path, "utf8");
    } catch (error) {
      throw new ConfigFileError(path, error);
    }
    this.readText(content, `file ${path}`, depth);
  }

  /** `source` is the name of the text in messages. Throws ConfigError. */
  readText(content: string, source: string, depth = 0): void {
    for (const [index, raw] of content.split("\n").entries()) {
      const line = { source, number: index + 1, text: raw.replaceAll(/^[ \t\r\n]+|[ \t\r\n]+$/g, "") };
      if (line.text !== "" && !line.text.startsWith("#")) this.#readLine(line, depth);
    }
  }

  #readLine(line: ConfigLine, depth: number): void {
    const words = splitLine(line.text);
    if (words === undefined) throw new ConfigError(line, "Unbalanced quotes in configuration line");
    const [given, ...values] = words;
    if (given === undefined) return;
    const name = findDirective(given);
    if (name !== undefined) this.#assign(line, name, values);
    else if (given.toLowerCase() === "include" && values.length === 1) this.#include(line, values[0] as string, depth);
    else throw new ConfigError(line, unknownDirective(given));
  }

  #assign(line: ConfigLine, name: DirectiveName, values: readonly string[]): void {
    const directive = directiveOf(name);
    const single = values.length === 1 && directive.manyWords ? splitWords(values[0] as string) : values;
    try {
      if (values.length === 0) throw new DirectiveError("wrong number of arguments");
      this.#settings.assign(name, single, this.#given.has(name));
    } catch (error) {
      if (!(error instanceof DirectiveError)) throw error;
      throw new ConfigError(line, `${error.message} (${name} takes ${directive.expects})`);
    }
    this.#given.add(name);
  }

  #include(line: ConfigLine, pattern: string, depth: number): void {
    if (depth >= maxIncludeDepth) {
      throw new ConfigError(line, `files include each other more than ${maxIncludeDepth} deep`);
    }
    for (const path of matchingFiles(pattern)) this.readFile(path, depth + 1);
  }
}

/**
 * The files that a path matches, in order. Wildcards are allowed in its last part; a path without wildcards matches
 * itself.
 */
function matchingFiles(pattern: string): string[] {
  if (!/[*?[]/.test(pattern)) return [pattern];
  const folder = dirname(pattern);
  const glob = Buffer.from(basename(pattern));
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    // A pattern without matches includes nothing.
    return [];
  }
  const matches = (name: string): boolean => {
    const bytes = Buffer.from(name);
    return globMatches(glob, bytes, 0, bytes.length);
  };
  return names
    .filter(matches)
    .sort()
    .map((name) => join(folder, name));
}

function unknownDirective(name: string): string {
  const why =
    notOffered.get(name.toLowerCase()) ??
    `there is no directive '${name}'${suggestion(name, ["include", ...allNames()])}`;
  return `Bad directive or wrong number of arguments: ${why}`;
}
