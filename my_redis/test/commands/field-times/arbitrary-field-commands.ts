import fc from "fast-check";

export const keys: readonly string[] = ["h1", "h2", "h3"];

/** A command on one hash, or a step of the clock. */
export type Step = { readonly passMs: number } | { readonly words: readonly string[] };

const key = fc.constantFrom(...keys);
const field = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 0, max: 13 }).map((number) => `f${number}`) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 3 }).map(String) },
  // Too long to be packed under the settings of the test.
  { weight: 1, arbitrary: fc.constant("a field with a long name") },
);
const value = fc.oneof(fc.integer({ min: -300, max: 300 }).map(String), fc.constantFrom("7", "1234567890123"));
const fields = fc.array(field, { minLength: 1, maxLength: 5 });
const pairs = fc.array(fc.tuple(field, value), { minLength: 1, maxLength: 5 }).map((list) => list.flat());

const secondsLeft = fc.integer({ min: 0, max: 9 }).map(String);
const millisecondsLeft = fc.integer({ min: 0, max: 9000 }).map(String);

/** Moments shortly before and after the beginning of the test. */
const relativeTime = fc.oneof(fc.tuple(fc.constant("EX"), secondsLeft), fc.tuple(fc.constant("PX"), millisecondsLeft));

const momentsFrom = (startMs: number): fc.Arbitrary<[string, string]> =>
  fc.oneof(
    fc.integer({ min: -2, max: 40 }).map((at): [string, string] => ["EXAT", String(Math.floor(startMs / 1000) + at)]),
    fc.integer({ min: -2000, max: 40_000 }).map((at): [string, string] => ["PXAT", String(startMs + at)]),
  );

const withFields = (words: readonly string[], names: readonly string[], each = 1): string[] => [
  ...words,
  "FIELDS",
  String(names.length / each),
  ...names,
];

const nameOf: Record<string, string> = { EX: "HEXPIRE", PX: "HPEXPIRE", EXAT: "HEXPIREAT", PXAT: "HPEXPIREAT" };

const ofTimes = (startMs: number): fc.Arbitrary<string[]>[] => {
  const time = fc.oneof(relativeTime, momentsFrom(startMs));
  const condition = fc.option(fc.constantFrom("NX", "XX", "GT", "LT"), { nil: undefined });
  const presence = fc.constantFrom([], ["FNX"], ["FXX"]);
  return [
    fc
      .tuple(time, key, condition, fields)
      .map(([[unit, at], on, when, names]) =>
        withFields([nameOf[unit] as string, on, at, ...(when === undefined ? [] : [when])], names),
      ),
    fc
      .tuple(fc.constantFrom("HTTL", "HPTTL", "HEXPIRETIME", "HPEXPIRETIME", "HPERSIST", "HGETDEL"), key, fields)
      .map(([name, on, names]) => withFields([name, on], names)),
    fc
      .tuple(key, fc.oneof(time, fc.constant(["PERSIST"]), fc.constant([])), fields)
      .map(([on, change, names]) => withFields(["HGETEX", on, ...change], names)),
    fc
      .tuple(key, presence, fc.oneof(time, fc.constant(["KEEPTTL"]), fc.constant([])), pairs)
      .map(([on, when, change, list]) => withFields(["HSETEX", on, ...when, ...change], list, 2)),
  ];
};

const plain: fc.Arbitrary<string[]>[] = [
  fc.tuple(key, pairs).map(([on, list]) => ["HSET", on, ...list]),
  fc.tuple(key, field, value).map(([on, name, content]) => ["HSETNX", on, name, content]),
  fc.tuple(key, field).map(([on, name]) => ["HINCRBY", on, name, "5"]),
  fc.tuple(key, field).map(([on, name]) => ["HINCRBYFLOAT", on, name, "1"]),
  fc.tuple(fc.constantFrom("HDEL", "HMGET"), key, fields).map(([name, on, list]) => [name, on, ...list]),
  fc.tuple(fc.constantFrom("HGET", "HEXISTS", "HSTRLEN"), key, field),
  fc.tuple(fc.constantFrom("HLEN", "HGETALL", "HKEYS"), key),
  key.map((on) => ["HRANDFIELD", on, "100"]),
  key.map((on) => ["HSCAN", on, "0", "COUNT", "1000", "NOVALUES"]),
  fc.tuple(key, key).map(([from, to]) => ["COPY", from, to, "REPLACE"]),
  fc.tuple(key, key).map(([from, to]) => ["RENAME", from, to]),
];

/** Steps for a clock that starts at `startMs`. */
export const arbitrarySteps = (startMs: number): fc.Arbitrary<Step[]> => {
  const command = fc.oneof(
    ...plain.map((arbitrary) => ({ weight: 3, arbitrary })),
    ...ofTimes(startMs).map((arbitrary) => ({ weight: 10, arbitrary })),
    { weight: 1, arbitrary: key.map((on) => ["DEL", on]) },
  );
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 900 }).map((passMs) => ({ passMs })) },
    { weight: 8, arbitrary: command.map((words) => ({ words })) },
  );
  return fc.array(step, { minLength: 10, maxLength: 150, size: "max" });
};
