import { MalformedHistory, shown } from "./malformed-history.ts";
import type { Json } from "./operation.ts";

/** A keyword such as :invoke. */
export class Keyword {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** What EDN can say, as far as histories use it. Lists and vectors are arrays; nil is null. */
export type Edn = string | number | boolean | null | Keyword | readonly Edn[] | EdnMap;

export interface EdnMap {
  /** Where the map begins. */
  readonly line: number;
  /** Only entries whose key is a keyword, by its name. */
  readonly fields: ReadonlyMap<string, Edn>;
}

const maxDepth = 100;
const token = /[\s,]+|;[^\n]*|#_|#[\w.$/-]+|[()[\]{}]|#\{|"(?:[^"\\]|\\.)*"|[^\s,;()[\]{}"]+/gy;
const closing: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}", "#{": "}" };

interface OpenForm {
  readonly opener: string;
  readonly line: number;
  readonly items: Edn[];
}

/**
 * All forms of a text in EDN (Clojure's notation). Tags such as #jepsen.history.Op are skipped.
 *
 * @throws MalformedHistory
 */
export function parseEdn(text: string): readonly Edn[] {
  const top: Edn[] = [];
  const open: OpenForm[] = [];
  let line = 1;
  token.lastIndex = 0;
  while (token.lastIndex < text.length) {
    const from = token.lastIndex;
    const word = token.exec(text)?.[0];
    if (word === undefined)
      throw new MalformedHistory(line, `${shown(text.slice(from, from + 20))} is no EDN: a quote is open`);
    const items = open.at(-1)?.items ?? top;
    if (closing[word] !== undefined) {
      if (open.length === maxDepth)
        throw new MalformedHistory(line, `forms lie more than ${maxDepth} deep in each other`);
      open.push({ opener: word, line, items: [] });
    } else if (/^[)\]}]$/.test(word)) {
      const form = open.pop();
      if (form === undefined || closing[form.opener] !== word)
        throw new MalformedHistory(line, `${shown(word)} closes nothing`);
      (open.at(-1)?.items ?? top).push(form.opener === "{" ? mapOf(form) : form.items);
    } else if (/^[^\s,;#]/.test(word)) {
      items.push(atom(word, line));
    }
    for (let at = word.indexOf("\n"); at >= 0; at = word.indexOf("\n", at + 1)) line++;
  }
  const unclosed = open.at(-1);
  if (unclosed !== undefined) throw new MalformedHistory(unclosed.line, `${shown(unclosed.opener)} is not closed`);
  return top;
}

function mapOf({ items, line }: OpenForm): EdnMap {
  if (items.length % 2 === 1) throw new MalformedHistory(line, "a map has a key without a value");
  const fields = new Map<string, Edn>();
  for (let index = 0; index < items.length; index += 2) {
    const key = items[index];
    if (key instanceof Keyword) fields.set(key.name, items[index + 1] as Edn);
  }
  return { line, fields };
}

function atom(word: string, line: number): Edn {
  if (word.startsWith('"')) return textOf(word, line);
  if (word.startsWith(":")) return new Keyword(word.slice(1));
  if (word === "nil") return null;
  if (word === "true" || word === "false") return word === "true";
  const number = Number(word.replace(/[NM]$/, ""));
  if (Number.isFinite(number)) return number;
  // Symbols stand for nothing that a history needs.
  return word;
}

function textOf(word: string, line: number): string {
  try {
    return JSON.parse(word.replaceAll("\n", String.raw`\n`).replaceAll("\t", String.raw`\t`)) as string;
  } catch {
    throw new MalformedHistory(line, `${shown(word)} is no text`);
  }
}

export const isMap = (value: Edn | undefined): value is EdnMap =>
  typeof value === "object" && value !== null && "fields" in value;

/** A value as JSON: a keyword is its name with a colon, a map an object of the fields with keywords as keys. */
export function jsonOf(value: Edn): Json {
  if (value instanceof Keyword) return `:${value.name}`;
  if (isMap(value)) return Object.fromEntries([...value.fields].map(([name, field]) => [name, jsonOf(field)]));
  return Array.isArray(value) ? value.map((item) => jsonOf(item as Edn)) : (value as Json);
}
