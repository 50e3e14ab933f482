import {
  type Directive,
  directive,
  type DirectiveFacts,
  DirectiveError,
  onlyWord,
  type ValueKind,
} from "./directive.ts";

export const maxInt32 = 2147483647;
export const maxInt64 = 9223372036854775807n;
export const maxUint64 = 18446744073709551615n;

type Facts<Value> = DirectiveFacts<Value>;
interface Range {
  readonly min?: number | bigint;
  readonly max?: number | bigint;
}

/** yes or no. */
export function yesNo(facts: Facts<boolean>): Directive<boolean> {
  return directive(facts, {
    ...oneWord((value: boolean) => (value ? "yes" : "no")),
    expects: "yes or no",
    parse(words) {
      const word = onlyWord(words).toLowerCase();
      if (word !== "yes" && word !== "no") throw new DirectiveError("argument must be 'yes' or 'no'");
      return word === "yes";
    },
  });
}

/** A whole number between two limits, inclusive. */
export function integer(facts: Facts<number> & Range): Directive<number> {
  const { min = 0, max = maxInt32 } = facts;
  return directive(facts, {
    ...oneWord((value: number) => integerText(value, max)),
    expects: `a whole number from ${min} to ${max}`,
    parse(words) {
      const word = onlyWord(words);
      if (!/^(0|-?[1-9][0-9]{0,18})$/.test(word)) {
        throw new DirectiveError("argument couldn't be parsed into an integer");
      }
      const value = BigInt(word);
      if (value > maxInt64 || value < -maxInt64 - 1n) {
        throw new DirectiveError("argument couldn't be parsed into an integer");
      }
      return withinRange(value, min, max);
    },
  });
}

/** A file mode in octal digits. */
export function octal(facts: Facts<number>): Directive<number> {
  return directive(facts, {
    ...oneWord((value: number) => value.toString(8)),
    expects: "an octal number from 0 to 777",
    parse(words) {
      const word = onlyWord(words);
      if (!/^[0-7]{1,4}$/.test(word) || Number.parseInt(word, 8) > 0o777) {
        throw new DirectiveError("argument couldn't be parsed into an integer");
      }
      return Number.parseInt(word, 8);
    },
  });
}

const units = new Map([
  ["", 1n],
  ["b", 1n],
  ["k", 1000n],
  ["kb", 1024n],
  ["m", 1000_000n],
  ["mb", 1024n * 1024n],
  ["g", 1000_000_000n],
  ["gb", 1024n * 1024n * 1024n],
]);

/** Bytes, with Redis's units: 1k is 1000, 1kb is 1024, and so on to gb. */
export function memory(facts: Facts<number> & Range): Directive<number> {
  const { min = 0, max = maxInt64 } = facts;
  return directive(facts, {
    ...oneWord((value: number) => integerText(value, max)),
    expects: `bytes, as 100, 64kb or 1gb, from ${min} to ${max}`,
    parse: (words) => withinRange(parseMemory(onlyWord(words)), min, max),
  });
}

/** Bytes, or a percentage of maxmemory. A percentage is stored as a negative number. */
export function memoryOrPercent(facts: Facts<number>): Directive<number> {
  return directive(facts, {
    ...oneWord((value: number) => (value < 0 ? `${-value}%` : integerText(value, maxInt64))),
    expects: "bytes, as 100, 64kb or 1gb, or a percentage as 5%",
    parse(words) {
      const word = onlyWord(words);
      const percent = /^([0-9]{1,9})%$/.exec(word);
      const notMemory = "argument must be a memory or percent value";
      if (percent === null) return withinRange(parseMemory(word, notMemory), 0, maxInt64);
      const value = Number(percent[1]);
      if (value > 100) throw new DirectiveError("percentage argument must be less or equal to 100");
      return value === 0 ? 0 : -value;
    },
  });
}

/** Bytes from a text such as "64mb". An empty text is 0, as in redis-server. Throws DirectiveError. */
export function parseMemory(word: string, message = "argument must be a memory value"): bigint {
  if (word === "") return 0n;
  const match = /^([0-9]{1,30})([a-z]{0,2})$/i.exec(word);
  const unit = units.get((match?.[2] ?? "?").toLowerCase());
  if (match === null || unit === undefined) throw new DirectiveError(message);
  const value = BigInt(match[1] as string) * unit;
  return value > maxUint64 ? maxUint64 : value;
}

/** One of these words, in any case. */
export function choice<const Word extends string>(
  words: readonly Word[],
  facts: Facts<NoInfer<Word>>,
): Directive<Word> {
  return directive(facts, {
    ...oneWord((value: Word) => value),
    expects: words.join(", "),
    parse: (given) => parseChoice(words, onlyWord(given)),
  });
}

/** Several of these words, in any case. */
export function choices<const Word extends string>(
  words: readonly Word[],
  facts: Facts<readonly NoInfer<Word>[]>,
): Directive<readonly Word[]> {
  return directive(facts, {
    ...manyWords<Word>(),
    expects: `any of ${words.join(", ")}`,
    parse(given) {
      if (given.length === 0) throw new DirectiveError("wrong number of arguments");
      return given.map((word) => parseChoice(words, word));
    },
  });
}

function parseChoice<Word extends string>(words: readonly Word[], given: string): Word {
  const found = words.find((word) => word === given.toLowerCase());
  if (found === undefined) {
    throw new DirectiveError(`argument(s) must be one of the following: ${words.join(", ")}`);
  }
  return found;
}

/** Any text. `check` returns the reason when it refuses one. */
export function text(facts: Facts<string> & { check?: (value: string) => string | undefined }): Directive<string> {
  const { check, ...rest } = facts;
  return directive(rest, {
    ...oneWord((value: string) => value),
    expects: "a text",
    parse(words) {
      const value = onlyWord(words);
      const reason = check?.(value);
      if (reason !== undefined) throw new DirectiveError(reason);
      return value;
    },
  });
}

/** Any number of words. `read` makes the list from them, and may refuse them. */
export function list(
  facts: Facts<readonly string[]> & { read?: (words: readonly string[]) => readonly string[]; expects: string },
): Directive<readonly string[]> {
  const { read, expects, ...rest } = facts;
  return directive(rest, {
    ...manyWords<string>(),
    expects,
    parse: (words) => (read === undefined ? words : read(words)),
  });
}

function oneWord<Value>(print: (value: Value) => string): Pick<ValueKind<Value>, "print" | "lines" | "manyWords"> {
  return { print, lines: (value) => [[print(value)]], manyWords: false };
}

function manyWords<Word extends string>(): Pick<ValueKind<readonly Word[]>, "print" | "lines" | "manyWords"> {
  return {
    print: (value) => value.join(" "),
    lines: (value) => [value.length === 0 ? [""] : [...value]],
    manyWords: true,
  };
}

function withinRange(value: bigint, min: number | bigint, max: number | bigint): number {
  if (value < BigInt(min) || value > BigInt(max)) {
    throw new DirectiveError(`argument must be between ${min} and ${max} inclusive`);
  }
  return Number(value);
}

/** Above 2^53 a number may differ from the integer it stands for, so the limit itself is printed exactly. */
function integerText(value: number, max: number | bigint): string {
  if (!Number.isInteger(value) || Number.isSafeInteger(value)) return String(value);
  const near = BigInt(value);
  return (near > BigInt(max) ? BigInt(max) : near).toString();
}
