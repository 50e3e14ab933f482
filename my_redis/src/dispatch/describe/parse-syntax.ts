import { syntaxes } from "./command-syntax.ts";

export type ArgumentType =
  | "string"
  | "integer"
  | "double"
  | "key"
  | "pattern"
  | "unix-time"
  | "pure-token"
  | "oneof"
  | "block";

/** One argument of a command as COMMAND DOCS shows it: a value, a word, a choice (oneof) or a row (block) of others. */
export interface ArgumentSyntax {
  readonly name: string;
  readonly type: ArgumentType;
  /** The word itself, or the one before the value. */
  readonly token: string | undefined;
  readonly optional: boolean;
  readonly multiple: boolean;
  /** The token stands before each of several values, not once before all. */
  readonly multipleToken: boolean;
  readonly parts: readonly ArgumentSyntax[];
}

const typesByLetter: Readonly<Record<string, ArgumentType>> = {
  s: "string",
  i: "integer",
  d: "double",
  k: "key",
  p: "pattern",
  t: "unix-time",
};

/** The types that arguments with these names have unless it is said otherwise. */
const typesByName: Readonly<Record<string, ArgumentType>> = {
  key: "key",
  pattern: "pattern",
  "unix-time-seconds": "unix-time",
  "unix-time-milliseconds": "unix-time",
  longitude: "double",
  latitude: "double",
  radius: "double",
  timeout: "double",
};
for (const name of "count cursor offset index numkeys seconds milliseconds len port client-id".split(" ")) {
  (typesByName as Record<string, ArgumentType>)[name] = "integer";
}

/** Reads one syntax: see command-syntax.ts for the notation. Throws when it is not well-formed. */
export function parseSyntax(syntax: string): readonly ArgumentSyntax[] {
  const words = syntax.match(/\.\.\.=?|[[\](){}|]|[A-Z][A-Z0-9-]*=|[^\s[\](){}|]+?(?=\.\.\.|[\s[\](){}|]|$)/g) ?? [];
  const reader = new SyntaxReader(words);
  const parsed = reader.sequence();
  if (!reader.atEnd) throw new Error(`'${syntax}' has a bracket too many`);
  return parsed;
}

class SyntaxReader {
  readonly #words: readonly string[];
  #at = 0;

  constructor(words: readonly string[]) {
    this.#words = words;
  }

  get atEnd(): boolean {
    return this.#at === this.#words.length;
  }

  /** Arguments up to the end, a closing bracket or a bar. */
  sequence(): ArgumentSyntax[] {
    const found: ArgumentSyntax[] = [];
    while (!this.atEnd && !/^[\])}|]$/.test(this.#words[this.#at] as string)) found.push(this.#argument());
    return found;
  }

  #argument(): ArgumentSyntax {
    const argument = this.#single();
    const next = this.#words[this.#at];
    if (next !== "..." && next !== "...=") return argument;
    this.#at++;
    return { ...argument, multiple: true, multipleToken: next === "...=" };
  }

  #single(): ArgumentSyntax {
    const word = this.#words[this.#at++] as string;
    if (word === "[") return { ...inOne(this.#bracketed("]")), optional: true };
    if (word === "{") return groupOf("block", this.#bracketed("}"));
    if (word === "(") return groupOf("oneof", this.#alternatives());
    if (word.endsWith("=") && word !== "=") return { ...this.#single(), token: word.slice(0, -1) };
    if (/^[^a-z]+$/.test(word)) return leaf(word === '""' ? "empty" : word.toLowerCase(), "pure-token", unquoted(word));
    const [name, letter] = word.split(":") as [string, string | undefined];
    const type = letter === undefined ? (typesByName[name] ?? "string") : typesByLetter[letter];
    if (type === undefined) throw new Error(`'${word}' has a type that is none`);
    return leaf(name, type, undefined);
  }

  #bracketed(end: string): ArgumentSyntax[] {
    const parts = this.sequence();
    if (this.#words[this.#at++] !== end) throw new Error(`'${this.#words.join(" ")}' lacks a ${end}`);
    return parts;
  }

  #alternatives(): ArgumentSyntax[] {
    const found = [inOne(this.sequence())];
    while (this.#words[this.#at] === "|") {
      this.#at++;
      found.push(inOne(this.sequence()));
    }
    if (this.#words[this.#at++] !== ")") throw new Error(`'${this.#words.join(" ")}' lacks a )`);
    return found;
  }
}

const unquoted = (word: string): string => (word === '""' ? "" : word);

const leaf = (name: string, type: ArgumentType, token: string | undefined): ArgumentSyntax => ({
  ...{ name, type, token, parts: [] },
  ...{ optional: false, multiple: false, multipleToken: false },
});

/** A group is named by what is in it. */
const groupOf = (type: "oneof" | "block", parts: readonly ArgumentSyntax[]): ArgumentSyntax => ({
  ...leaf(parts.map(({ name }) => name).join("_"), type, undefined),
  parts,
});

const inOne = (parts: readonly ArgumentSyntax[]): ArgumentSyntax =>
  parts.length === 1 ? (parts[0] as ArgumentSyntax) : groupOf("block", parts);

const byCommand = new Map<string, string>();
for (const [syntax, commands] of syntaxes) {
  for (const name of commands.split(" ")) byCommand.set(name, syntax);
}

/** The arguments of a command, or a subcommand as "config|get"; none when it takes none. */
export function argumentsOf(fullName: string): readonly ArgumentSyntax[] {
  const syntax = byCommand.get(fullName);
  return syntax === undefined ? [] : parseSyntax(syntax);
}
