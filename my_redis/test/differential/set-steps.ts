import fc from "fast-check";
import {
  commandOf,
  integerWord,
  junkWord,
  keyWord,
  optionsOf,
  optionWith,
  valueWord,
} from "./harness/arbitrary-words.ts";
import { sameElements, sameShape, type Step, type Word } from "./harness/index.ts";

/** Integers of each width, but few, so that commands find them. */
const integerMember: fc.Arbitrary<Word> = fc.oneof(
  fc.integer({ min: -15, max: 15 }),
  fc.constantFrom<Word>(
    32767,
    32768,
    -32769,
    70000,
    2147483648,
    -2147483649,
    "9223372036854775807",
    "-9223372036854775808",
  ),
);
const member = fc.oneof({ weight: 4, arbitrary: integerMember }, { weight: 1, arbitrary: valueWord });
const members = fc.array(member, { minLength: 1, maxLength: 8 });
const integers = fc.array(integerMember, { minLength: 1, maxLength: 20 });
/** Sometimes creates large sets. */
const manyMembers = fc
  .integer({ min: 100, max: 500 })
  .map((count) => Array.from({ length: count }, (_, at) => `m${at}`));
const manyIntegers = fc
  .integer({ min: 100, max: 500 })
  .map((count) => Array.from({ length: count }, (_, at) => at * 3));
const keys = fc.array(keyWord, { minLength: 1, maxLength: 4 });
const countWord = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: 0, max: 5 }) },
  { weight: 1, arbitrary: junkWord },
);

/** Commands on sets, valid and invalid ones, but none whose effect on the set is random. */
export const setSteps: readonly fc.Arbitrary<Step>[] = [
  commandOf("SADD", keyWord, members),
  commandOf("SADD", keyWord, integers),
  commandOf("SADD", keyWord, integers),
  commandOf("SADD", keyWord, fc.oneof(manyMembers, manyIntegers)),
  commandOf("SREM", keyWord, fc.oneof(members, integers, manyIntegers, manyMembers)),
  commandOf("SISMEMBER", keyWord, member),
  commandOf("SMISMEMBER", keyWord, members),
  commandOf("SMEMBERS", keyWord),
  commandOf("SCARD", keyWord),
  commandOf("SMOVE", keyWord, keyWord, member),
  commandOf(fc.constantFrom<Word>("SINTER", "SUNION", "SDIFF"), keys),
  commandOf(fc.constantFrom<Word>("SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"), keyWord, keys),
  commandOf(
    "SINTERCARD",
    fc.constantFrom<Word>(1, 2, 0, 3),
    keyWord,
    keyWord,
    optionsOf(1, optionWith("LIMIT", countWord)),
  ),
  fc
    .tuple(keyWord, fc.constantFrom<Word>(1000, 0, "-1", "x"))
    .map(([key, count]) => ({ command: ["SPOP", key, count], compare: sameElements })),
  fc
    .tuple(
      keyWord,
      optionsOf(2, optionWith("MATCH", fc.constantFrom<Word>("m*", "*1*", "*")), optionWith("COUNT", countWord)),
    )
    .map(([key, options]) => ({ scan: ["SSCAN", key, ...options] })),
  fc
    .tuple(
      keyWord,
      fc.oneof(
        integerWord.filter((count) => Number(count) > -1000),
        fc.integer({ min: -30, max: 600 }),
      ),
    )
    .map(([key, count]) => ({ command: ["SRANDMEMBER", key, count], compare: sameShape })),
];
