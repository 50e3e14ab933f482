import fc from "fast-check";
import {
  commandOf,
  floatWord,
  integerWord,
  junkWord,
  keyWord,
  optionsOf,
  optionWith,
  valueWord,
} from "./harness/arbitrary-words.ts";
import { sameBytes, sameShape, type Step, type Word } from "./harness/index.ts";

/** Few fields, so that the commands of a sequence affect each other: integers and text, short and long. */
const fieldWord: fc.Arbitrary<Word> = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom<Word>("f", "g", "1", "-40000", "9223372036854775807", "") },
  { weight: 1, arbitrary: fc.constantFrom<Word>("x".repeat(63), "x".repeat(64), "x".repeat(65)) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 30 }).map((number) => `field ${number}`) },
);
const pair = fc.tuple(fieldWord, valueWord);
const pairs = fc.array(pair, { minLength: 1, maxLength: 6 }).map((list) => list.flat());
const fields = fc.array(fieldWord, { minLength: 1, maxLength: 4 });
const countWord = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -12, max: 12 }) },
  { weight: 1, arbitrary: junkWord },
);

const inOrder = (step: Step): Step => ({ command: step as readonly Word[], compare: sameBytes });
const inShape = (step: Step): Step => ({ command: step as readonly Word[], compare: sameShape });

/** Commands on hashes whose replies are equal byte for byte for hashes of any size. */
export const hashSteps: readonly fc.Arbitrary<Step>[] = [
  commandOf("HSET", keyWord, pairs),
  commandOf("HSET", keyWord, fieldWord, valueWord),
  commandOf("HMSET", keyWord, pairs),
  commandOf("HSETNX", keyWord, fieldWord, valueWord),
  commandOf("HGET", keyWord, fieldWord),
  commandOf("HMGET", keyWord, fields),
  commandOf("HDEL", keyWord, fields),
  commandOf("HLEN", keyWord),
  commandOf("HEXISTS", keyWord, fieldWord),
  commandOf("HSTRLEN", keyWord, fieldWord),
  commandOf("HINCRBY", keyWord, fieldWord, fc.oneof(integerWord, junkWord)),
  commandOf("HINCRBYFLOAT", keyWord, fieldWord, fc.oneof(floatWord, integerWord, junkWord)),
  commandOf("HRANDFIELD", keyWord).map(inShape),
  commandOf("HRANDFIELD", keyWord, countWord, optionsOf(1, "WITHVALUES", "x")).map(inShape),
  commandOf("HSCAN", keyWord, "0", optionsOf(2, optionWith("MATCH", fc.constantFrom("*", "f*", "[1-9]")), "COUNT")).map(
    (step) => ((step as readonly Word[]).includes("COUNT") ? step : { scan: withoutCursor(step as readonly Word[]) }),
  ),
];

const withoutCursor = (command: readonly Word[]): readonly Word[] => [...command.slice(0, 2), ...command.slice(3)];

/** Commands that return all fields. A packed hash returns them in the order in which they were added. */
export const wholeHashSteps: readonly fc.Arbitrary<Step>[] = [
  commandOf(fc.constantFrom<Word>("HGETALL", "HKEYS", "HVALS"), keyWord),
];
export const orderedHashSteps = wholeHashSteps.map((step) => step.map(inOrder));
