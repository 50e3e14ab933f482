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
import type { Step, Word } from "./harness/index.ts";

const values = fc.array(valueWord, { minLength: 1, maxLength: 4 });
/** Few distinct elements, so that commands find them. */
const elementWord: fc.Arbitrary<Word> = fc.constantFrom<Word>("x", "y", "1", "-300", "70000", "long ".repeat(20));
const elements = fc.array(elementWord, { minLength: 1, maxLength: 30 });
/** Sometimes creates large lists. */
const manyElements = fc
  .integer({ min: 100, max: 900 })
  .map((count) => Array.from({ length: count }, (_, at) => at * 37));
const indexWord = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: -40, max: 40 }) },
  { weight: 1, arbitrary: integerWord },
);
const countWord = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: 0, max: 12 }) },
  { weight: 1, arbitrary: junkWord },
);
const endWord = fc.constantFrom<Word>("LEFT", "RIGHT", "left", "x");
const push = fc.constantFrom<Word>("LPUSH", "RPUSH", "LPUSHX", "RPUSHX");

/** Commands on lists, valid and invalid ones. */
export const listSteps: readonly fc.Arbitrary<Step>[] = [
  commandOf(push, keyWord, values),
  commandOf(push, keyWord, elements),
  commandOf(fc.constantFrom<Word>("LPUSH", "RPUSH"), keyWord, elements),
  commandOf(fc.constantFrom<Word>("LPUSH", "RPUSH"), keyWord, manyElements),
  commandOf("RPUSH", keyWord, fc.constantFrom<Word>("b".repeat(4000), "c".repeat(9000))),
  commandOf(fc.constantFrom<Word>("LPOP", "RPOP"), keyWord),
  commandOf(fc.constantFrom<Word>("LPOP", "RPOP"), keyWord, fc.oneof(countWord, fc.constantFrom<Word>(300, 800))),
  commandOf("LLEN", keyWord),
  commandOf("LRANGE", keyWord, indexWord, indexWord),
  commandOf("LINDEX", keyWord, fc.oneof(indexWord, fc.integer({ min: -900, max: 900 }))),
  commandOf("LSET", keyWord, indexWord, fc.oneof(valueWord, fc.constant<Word>("s".repeat(5000)))),
  commandOf("LINSERT", keyWord, fc.constantFrom<Word>("BEFORE", "after", "x"), elementWord, valueWord),
  commandOf(
    "LINSERT",
    keyWord,
    fc.constantFrom<Word>("BEFORE", "AFTER"),
    fc.integer({ min: 0, max: 900 }).map((at) => at * 37),
    elementWord,
  ),
  commandOf("LREM", keyWord, fc.oneof(fc.integer({ min: -3, max: 3 }), integerWord), elementWord),
  commandOf("LTRIM", keyWord, indexWord, indexWord),
  commandOf("LTRIM", keyWord, fc.integer({ min: 0, max: 300 }), fc.integer({ min: -300, max: -1 })),
  commandOf(
    "LPOS",
    keyWord,
    elementWord,
    optionsOf(
      3,
      optionWith("RANK", fc.oneof(fc.integer({ min: -5, max: 5 }), junkWord)),
      optionWith("COUNT", countWord),
      optionWith("MAXLEN", countWord),
    ),
  ),
  commandOf("LMOVE", keyWord, keyWord, endWord, endWord),
  commandOf("RPOPLPUSH", keyWord, keyWord),
  commandOf(
    "LMPOP",
    fc.constantFrom<Word>(1, 2, 0),
    keyWord,
    keyWord,
    endWord,
    optionsOf(2, optionWith("COUNT", countWord)),
  ),
];
