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
  /** The word itself, or the keyword before the value. */
  readonly token: string | undefined;
  readonly optional: boolean;
  readonly multiple: boolean;
  /** The keyword is repeated before each of several values. */
  readonly multipleToken: boolean;
  readonly parts: readonly ArgumentSyntax[];
}

const types: ReadonlySet<string> = new Set<ArgumentType>([
  "string",
  "integer",
  "double",
  "key",
  "pattern",
  "unix-time",
]);

const integers = "count cursor offset index numkeys seconds milliseconds len port client-id".split(" ");

/** The types of arguments with these names, unless the syntax says otherwise. */
const typesByName: Readonly<Record<string, ArgumentType>> = {
  ...Object.fromEntries(integers.map((name) => [name, "integer"] as const)),
  key: "key",
  pattern: "pattern",
  "unix-time-seconds": "unix-time",
  "unix-time-milliseconds": "unix-time",
  longitude: "double",
  latitude: "double",
  radius: "double",
  timeout: "double",
};
/**
 * Reads the syntax of a command's arguments. Throws when it is not well-formed. The notation:
 *
 *   name       an argument; its type is the one that its name usually has (see above), else a string
 *   name:type  an argument of another type: integer, double, key, pattern, unix-time or string
 *   WORD       stands as it is
 *   WORD=x     the word, and x behind it
 *   [x]        may be left out
 *   (x | y)    either x or y; [x | y] either of them or neither
 *   {x y}      x and y as one, where one is wanted: "{key value}..."
 *   x...       once or more often
 *   x...=      once or more often, each with its word before it
 */
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

  /** Reads arguments up to the end, a closing bracket or a bar. */
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
    if (word === "[") return { ...inOne(this.#bracketed("]"), "oneof"), optional: true };
    if (word === "{") return groupOf("block", this.#block());
    if (word === "(") return groupOf("oneof", this.#bracketed(")"));
    if (word.endsWith("=") && word !== "=") return { ...this.#single(), token: word.slice(0, -1) };
    if (/^[^a-z]+$/.test(word)) return leaf(word === '""' ? "empty" : word.toLowerCase(), "pure-token", unquoted(word));
    const [name, type] = word.split(":") as [string, string | undefined];
    if (type === undefined) return leaf(name, typesByName[name] ?? "string", undefined);
    if (!types.has(type)) throw new Error(`'${word}' has an unknown type`);
    return leaf(name, type as ArgumentType, undefined);
  }

  #block(): ArgumentSyntax[] {
    const parts = this.sequence();
    this.#expect("}");
    return parts;
  }

  /** Reads the alternatives between bars, up to the closing bracket. */
  #bracketed(end: "]" | ")"): ArgumentSyntax[] {
    const found = [inOne(this.sequence(), "block")];
    while (this.#words[this.#at] === "|") {
      this.#at++;
      found.push(inOne(this.sequence(), "block"));
    }
    this.#expect(end);
    return found;
  }

  #expect(end: string): void {
    if (this.#words[this.#at++] !== end) throw new Error(`'${this.#words.join(" ")}' lacks a ${end}`);
  }
}

const unquoted = (word: string): string => (word === '""' ? "" : word);

const leaf = (name: string, type: ArgumentType, token: string | undefined): ArgumentSyntax => ({
  ...{ name, type, token, parts: [] },
  ...{ optional: false, multiple: false, multipleToken: false },
});

/** A group is named after its parts. */
const groupOf = (type: "oneof" | "block", parts: readonly ArgumentSyntax[]): ArgumentSyntax => ({
  ...leaf(parts.map(({ name }) => name).join("_"), type, undefined),
  parts,
});

const inOne = (parts: readonly ArgumentSyntax[], type: "oneof" | "block"): ArgumentSyntax =>
  parts.length === 1 ? (parts[0] as ArgumentSyntax) : groupOf(type, parts);
