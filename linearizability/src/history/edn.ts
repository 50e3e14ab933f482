import { EdnTokens } from "./edn-tokens.ts";
import { isExactNumber } from "./exact-numbers.ts";
import { MalformedHistory, shown } from "./malformed-history.ts";

/** A keyword such as :invoke. */
export class Keyword {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/**
 * What JSON has no word for: a symbol, a ratio, a character, ##NaN, or a number that a float does not hold. Equal ones
 * have the same text.
 */
export class EdnAtom {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

interface Form {
  /** Where it begins. */
  readonly line: number;
}

/** A list or a vector: both are equal in Clojure, too. */
export interface EdnList extends Form {
  readonly items: readonly Edn[];
}

export interface EdnSet extends Form {
  readonly members: readonly Edn[];
}

export interface EdnMap extends Form {
  /** Keys may be anything. */
  readonly entries: readonly (readonly [key: Edn, value: Edn])[];
}

/** A value with a tag, such as #inst "2026-01-01". */
export interface EdnTagged extends Form {
  readonly tag: string;
  readonly value: Edn;
}

/** What EDN can say. nil is null. */
export type Edn = string | number | boolean | null | Keyword | EdnAtom | EdnList | EdnSet | EdnMap | EdnTagged;

const maxDepth = 100;
const closing: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}", "#{": "}" };

/** What has begun and waits for forms: a collection for its end, a tag or a discard for one form. */
interface OpenForm extends Form {
  readonly opener: string;
  readonly items: Edn[];
}

const isCollection = ({ opener }: OpenForm): boolean => closing[opener] !== undefined;

/**
 * All forms of a text in EDN (Clojure's notation).
 *
 * @throws MalformedHistory
 */
export function parseEdn(text: string): EdnList {
  const top: OpenForm = { opener: "", line: 1, items: [] };
  const open = [top];
  const tokens = new EdnTokens(text);
  for (let word = tokens.next(); word !== undefined; word = tokens.next()) {
    const { line } = tokens;
    if (closing[word] !== undefined || word === "#_" || /^#[^#]/.test(word)) {
      if (open.length > maxDepth)
        throw new MalformedHistory(line, `forms lie more than ${maxDepth} deep in each other`);
      open.push({ opener: word, line, items: [] });
    } else if (/^[)\]}]/.test(word)) {
      const form = open.pop() as OpenForm;
      if (form === top || closing[form.opener] !== word)
        throw new MalformedHistory(line, `${shown(word)} closes nothing`);
      add(open, collectionOf(form));
    } else {
      add(open, atomOf(word, line));
    }
  }
  const unclosed = open.pop() as OpenForm;
  if (unclosed === top) return top;
  const problem = isCollection(unclosed) ? "is not closed" : "has no form after it";
  throw new MalformedHistory(unclosed.line, `${shown(unclosed.opener)} ${problem}`);
}

/** Gives a form to what waits for it. A tag is complete with it, and goes to what waits around the tag. */
function add(open: OpenForm[], form: Edn): void {
  let last = open.at(-1) as OpenForm;
  for (; last.opener.startsWith("#") && !isCollection(last); last = open.at(-1) as OpenForm) {
    open.pop();
    if (last.opener === "#_") return;
    form = { line: last.line, tag: last.opener.slice(1), value: form };
  }
  last.items.push(form);
}

function collectionOf({ opener, items, line }: OpenForm): Edn {
  if (opener === "#{") return { line, members: items };
  if (opener !== "{") return { line, items };
  if (items.length % 2 === 1) throw new MalformedHistory(line, "a map has a key without a value");
  const entries = Array.from({ length: items.length / 2 }, (_, index) => {
    return [items[2 * index] as Edn, items[2 * index + 1] as Edn] as const;
  });
  return { line, entries };
}

const numeral = /^[+-]?(?:0|[1-9]\d*)(\.\d*)?([eE][+-]?\d+)?[NM]?$/;

function atomOf(word: string, line: number): Edn {
  if (word.startsWith('"')) return textOf(word, line);
  if (word.startsWith("\\")) return characterOf(word, line);
  if (word.startsWith(":")) return new Keyword(word.slice(1));
  if (word === "nil") return null;
  if (word === "true" || word === "false") return word === "true";
  const [found, fraction, exponent] = numeral.exec(word) ?? [];
  if (found === undefined) return new EdnAtom(word);
  const digits = word.replace(/^\+|[NM]$/g, "");
  if (isExactNumber(digits)) return Number(digits);
  return new EdnAtom(fraction === undefined && exponent === undefined ? String(BigInt(digits)) : digits);
}

const escapes: Readonly<Record<string, string>> = {
  t: "\t",
  r: "\r",
  n: "\n",
  b: "\b",
  f: "\f",
  "\\": "\\",
  '"': '"',
};

function textOf(word: string, line: number): string {
  return word
    .slice(1, -1)
    .replace(/\\(?:u([\da-fA-F]{4})|o([0-3]?[0-7]{1,2})|([\s\S]))/g, (all, hex, octal, letter) => {
      const character =
        letter === undefined ? codeUnit(hex as string | undefined, octal as string) : escapes[letter as string];
      if (character !== undefined) return character;
      throw new MalformedHistory(
        line,
        `a text has ${shown(all)}; after a backslash come t, r, n, b, f, ", \\, uXXXX or oNNN`,
      );
    });
}

const codeUnit = (hex: string | undefined, octal: string): string =>
  String.fromCharCode(hex === undefined ? Number.parseInt(octal, 8) : Number.parseInt(hex, 16));

const characterNames: Readonly<Record<string, string>> = {
  newline: "\n",
  return: "\r",
  space: " ",
  tab: "\t",
  backspace: "\b",
  formfeed: "\f",
};

function characterOf(word: string, line: number): EdnAtom {
  const name = word.slice(1);
  const [, hex, octal] = /^(?:u([\da-fA-F]{4})|o([0-7]{1,3}))$/.exec(name) ?? [];
  const isCode = hex !== undefined || octal !== undefined;
  const character = isCode ? codeUnit(hex, octal as string) : (characterNames[name] ?? name);
  if (Array.from(character).length === 1) return new EdnAtom(`\\${character}`);
  throw new MalformedHistory(line, `${shown(word)} is no character`);
}
