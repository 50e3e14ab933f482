import fc from "fast-check";
import type { Word } from "./resp-connection.ts";
import type { Step } from "./sequence.ts";

/** Few keys, so that the commands of a sequence affect each other. */
export const keyWord: fc.Arbitrary<Word> = fc.constantFrom("a", "b", "c", "d");

const limits = [
  "9223372036854775807",
  "-9223372036854775808",
  "9223372036854775808",
  "9007199254740991",
  "9007199254740993",
  "4294967296",
];

/** An integer, mostly a small one, sometimes at a limit. */
export const integerWord: fc.Arbitrary<Word> = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: -20, max: 20 }) },
  { weight: 1, arbitrary: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) },
  { weight: 1, arbitrary: fc.constantFrom(...limits) },
);

export const floatWord: fc.Arbitrary<Word> = fc.oneof(
  fc
    .tuple(fc.integer({ min: -999_999, max: 999_999 }), fc.integer({ min: 0, max: 8 }))
    .map(([digits, places]) => `${digits}e-${places}`),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.constantFrom("0.1", "1e17", "-1e-17", "3.0", "inf", "nan", "1e4932"),
);

/** Any value: text, numbers, bytes. */
export const valueWord: fc.Arbitrary<Word> = fc.oneof(
  integerWord,
  floatWord,
  fc.constantFrom("", "v", "text", "0", "007", " 1", "x".repeat(44), "x".repeat(45), "x".repeat(500)),
  fc.uint8Array({ maxLength: 60 }),
);

/** Times to live in milliseconds, so short or so long that the machine's speed does not matter. */
export const lifetimeMs: fc.Arbitrary<number> = fc.constantFrom(-1, 0, 1_000_000, 2_000_000, 3_000_500);
export const lifetimeSeconds: fc.Arbitrary<number> = fc.constantFrom(-1, 0, 1000, 2000, 3000);
/** Moments in seconds: long past, or far in the future. */
export const momentSeconds: fc.Arbitrary<number> = fc.constantFrom(1, 4_102_444_800, 4_202_444_800);

/** A word that is invalid in most places. */
export const junkWord: fc.Arbitrary<Word> = fc.constantFrom(
  "",
  "x",
  "-1",
  "NX",
  "GET",
  "9223372036854775808",
  "1.5",
  " ",
);

/** A command with arguments. Each is a word, or an arbitrary for one word or for several. */
export function commandOf(...parts: readonly (Word | fc.Arbitrary<Word | readonly Word[]>)[]): fc.Arbitrary<Step> {
  return fc
    .tuple(...parts.map((part) => (isWord(part) ? fc.constant<Word | readonly Word[]>(part) : part)))
    .map((words) => words.flatMap((word) => (Array.isArray(word) ? (word as readonly Word[]) : [word as Word])));
}

const isWord = (part: Word | fc.Arbitrary<Word | readonly Word[]>): part is Word =>
  typeof part !== "object" || part instanceof Uint8Array;

/** Up to `max` of these options, in any order. */
export function optionsOf(
  max: number,
  ...options: readonly (string | fc.Arbitrary<readonly Word[]>)[]
): fc.Arbitrary<readonly Word[]> {
  const one = options.map((option) => (typeof option === "string" ? fc.constant<readonly Word[]>([option]) : option));
  return fc.array(fc.oneof(...one), { maxLength: max }).map((chosen) => chosen.flat());
}

/** An option with its argument: ["EX", 10]. */
export const optionWith = (name: string, argument: fc.Arbitrary<Word>): fc.Arbitrary<readonly Word[]> =>
  argument.map((word) => [name, word]);
