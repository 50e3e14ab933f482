import fc from "fast-check";
import { commandOf, integerWord, junkWord, optionsOf, optionWith, valueWord } from "./harness/arbitrary-words.ts";
import { type Comparer, type Step, type Word } from "./harness/index.ts";
import { sameGroups, samePending } from "./stream-replies.ts";

const maxId = "18446744073709551615-18446744073709551615";
const key = fc.constantFrom<Word>("a", "b");
const small = fc.integer({ min: 0, max: 30 });
/** Ids in a narrow range, so that the commands of a sequence affect each other. */
const nearId: fc.Arbitrary<Word> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.tuple(small, fc.integer({ min: 0, max: 3 })).map(([ms, sequence]) => `${ms}-${sequence}`),
  },
  { weight: 1, arbitrary: small },
);
/** Sometimes an id at the limits, or an invalid one. */
const idWord: fc.Arbitrary<Word> = fc.oneof(
  { weight: 16, arbitrary: nearId },
  { weight: 1, arbitrary: fc.constantFrom<Word>("0-0", "18446744073709551615", maxId, "x", "1-") },
);
/** Ids for XADD, mostly greater than any that were added before. */
const newId: fc.Arbitrary<Word> = fc.oneof(
  { weight: 3, arbitrary: nearId },
  { weight: 6, arbitrary: small.map((ms) => `${ms}-*`) },
  { weight: 3, arbitrary: fc.integer({ min: 30, max: 90 }).map((ms) => `${ms}-*`) },
);
const boundWord: fc.Arbitrary<Word> = fc.oneof(
  { weight: 4, arbitrary: idWord },
  { weight: 2, arbitrary: idWord.map((id) => `(${String(id)}`) },
  { weight: 4, arbitrary: fc.constantFrom<Word>("-", "+") },
);
const fieldWord = fc.constantFrom<Word>("f", "g", "7", "a longer name of a field");
const pairs = fc.oneof(
  fc.tuple(fc.constant<Word>("f"), valueWord),
  fc.array(fc.tuple(fieldWord, valueWord), { minLength: 1, maxLength: 4 }).map((list) => list.flat()),
);
const count = optionWith(
  "COUNT",
  fc.oneof({ weight: 8, arbitrary: fc.integer({ min: -1, max: 6 }) }, { weight: 1, arbitrary: junkWord }),
);
const trim: fc.Arbitrary<readonly Word[]> = fc
  .tuple(
    fc.oneof(
      fc.tuple(
        fc.constant<Word>("MAXLEN"),
        fc.constantFrom<Word | undefined>("=", "~", undefined),
        fc.oneof(fc.integer({ min: 0, max: 12 }), integerWord),
      ),
      fc.tuple(fc.constant<Word>("MINID"), fc.constantFrom<Word | undefined>("=", "~", undefined), idWord),
    ),
    fc.oneof(
      { weight: 4, arbitrary: fc.constant<readonly Word[]>([]) },
      { weight: 1, arbitrary: optionWith("LIMIT", small) },
    ),
  )
  .map(([words, limit]) => [...words.filter((word) => word !== undefined), ...limit]);
const several = fc.array(idWord, { minLength: 1, maxLength: 4 });

const compared =
  (compare: Comparer) =>
  (step: Step): Step => ({ command: step as readonly Word[], compare });

/** Commands on the entries of streams, valid and invalid ones. */
export const streamSteps: readonly fc.Arbitrary<Step>[] = [
  commandOf("XADD", key, newId, pairs),
  commandOf("XADD", key, newId, pairs),
  commandOf("XADD", key, newId, pairs),
  commandOf("XADD", key, trim, newId, pairs),
  commandOf("XADD", key, optionsOf(2, "NOMKSTREAM", trim), newId, pairs),
  commandOf("XLEN", key),
  commandOf("XDEL", key, several),
  commandOf("XTRIM", key, trim),
  commandOf("XRANGE", key, boundWord, boundWord),
  commandOf("XREVRANGE", key, boundWord, boundWord),
  commandOf(fc.constantFrom<Word>("XRANGE", "XREVRANGE"), key, boundWord, boundWord, optionsOf(2, count)),
  commandOf("XREAD", optionsOf(1, count), "STREAMS", key, fc.oneof(idWord, fc.constantFrom<Word>("$", ">"))),
  commandOf("XREAD", optionsOf(1, count), "STREAMS", "a", "b", idWord, idWord),
  commandOf("XINFO", "STREAM", key),
  // Only ids greater than all others: Redis 7.0 accepts an id below the last deleted one, 7.2 does not.
  commandOf(
    "XSETID",
    key,
    fc.integer({ min: 90, max: 99 }),
    optionsOf(2, optionWith("ENTRIESADDED", small), optionWith("MAXDELETEDID", idWord)),
  ),
  commandOf("DEL", key),
];

const group = fc.constantFrom<Word>("g", "h");
const consumer = fc.constantFrom<Word>("Alice", "Bob");
/** Entries have been pending for less than a minute, so each value claims always or never. */
const idle = fc.constantFrom<Word>("0", "-1", "60000");
const position = fc.oneof(idWord, fc.constantFrom<Word>("$", "0"));
const claimOptions = optionsOf(
  3,
  "FORCE",
  "JUSTID",
  optionWith("IDLE", fc.constantFrom<Word>("0", "120000")),
  optionWith("TIME", fc.constantFrom<Word>("1000", "1000000")),
  optionWith("RETRYCOUNT", fc.integer({ min: -1, max: 5 })),
  optionWith("LASTID", idWord),
);

/** Commands on consumer groups, valid and invalid ones. */
export const groupSteps: readonly fc.Arbitrary<Step>[] = [
  commandOf(
    "XGROUP",
    "CREATE",
    key,
    group,
    position,
    optionsOf(2, "MKSTREAM", optionWith("ENTRIESREAD", fc.integer({ min: -2, max: 9 }))),
  ),
  commandOf("XGROUP", "CREATE", key, group, "0", "MKSTREAM"),
  commandOf("XGROUP", "SETID", key, group, position, optionsOf(1, optionWith("ENTRIESREAD", small))),
  commandOf("XGROUP", "DESTROY", key, group),
  // A name that no XREADGROUP uses: Redis 7.0 creates a consumer only when it receives an entry.
  commandOf("XGROUP", "CREATECONSUMER", key, group, "Carol"),
  commandOf("XGROUP", "DELCONSUMER", key, group, fc.oneof(consumer, fc.constant<Word>("Carol"))),
  ...[1, 2, 3].map(() =>
    commandOf("XREADGROUP", "GROUP", group, consumer, optionsOf(2, count, "NOACK"), "STREAMS", key, ">"),
  ),
  commandOf(
    "XREADGROUP",
    "GROUP",
    group,
    consumer,
    optionsOf(1, count),
    "STREAMS",
    key,
    fc.oneof(idWord, fc.constantFrom<Word>("0", "$")),
  ),
  commandOf("XREADGROUP", "GROUP", group, consumer, "STREAMS", "a", "b", ">", fc.constantFrom<Word>(">", "0")),
  commandOf("XACK", key, group, several),
  commandOf("XPENDING", key, group),
  commandOf(
    "XPENDING",
    key,
    group,
    optionsOf(1, optionWith("IDLE", idle)),
    boundWord,
    boundWord,
    small,
    optionsOf(
      1,
      consumer.map((name) => [name]),
    ),
  ).map(compared(samePending)),
  commandOf("XCLAIM", key, group, consumer, idle, several, claimOptions),
  commandOf("XAUTOCLAIM", key, group, consumer, idle, boundWord, optionsOf(2, count, "JUSTID")),
  commandOf("XINFO", "GROUPS", key).map(compared(sameGroups)),
  commandOf("XINFO", "STREAM", key, "FULL", optionsOf(1, optionWith("COUNT", fc.integer({ min: 0, max: 12 })))).map(
    compared(sameGroups),
  ),
];
