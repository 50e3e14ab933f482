import { describe, test } from "bun:test";
import fc from "fast-check";
import { requireService } from "../../../tools/test-services/index.ts";
import { commandOf, junkWord, optionsOf, optionWith } from "./harness/arbitrary-words.ts";
import {
  expectSame,
  expectSameGenerated,
  expectSameLog,
  generatedTimeoutMs,
  type Step,
  type Word,
} from "./harness/index.ts";

const redis = requireService("redis");

const sicily: Step = ["GEOADD", "g", "13.361389", "38.115556", "Palermo", "15.087269", "37.502669", "Catania"];
const cities: Step = [
  "GEOADD",
  "w",
  ...["-74.006", "40.7128", "New York", "139.6917", "35.6895", "Tokyo", "2.3522", "48.8566", "Paris"],
  ...["-0.1276", "51.5072", "London", "151.2093", "-33.8688", "Sydney", "-68.3", "-54.8", "Ushuaia"],
  ...["15.63", "78.22", "Longyearbyen", "178.44", "-18.14", "Suva", "-179.9", "-16.5", "Taveuni", "0", "0", "Null"],
];
/** 500 places in a ring around Bern. */
const many: Step = [
  "GEOADD",
  "m",
  ...Array.from({ length: 500 }, (_, at) => [
    (7.44 + Math.cos(at) * (at / 400)).toFixed(6),
    (46.95 + Math.sin(at) * (at / 400)).toFixed(6),
    `place${at}`,
  ]).flat(),
];
/** 400 places beyond the polar circles. */
const polar: Step = [
  "GEOADD",
  "p",
  ...Array.from({ length: 400 }, (_, at) => [
    (((at * 37.7) % 120) - 40).toFixed(4),
    ((at % 2 === 0 ? 1 : -1) * (66.6 + ((at * 0.731) % 18))).toFixed(4),
    `polar${at}`,
  ]).flat(),
];
const wrongType: Step = ["SET", "s", "x"];
const withAll: readonly Word[] = ["WITHCOORD", "WITHDIST", "WITHHASH"];

describe.skipIf(redis.missing)(`geo commands answer as redis-server does${redis.reason}`, () => {
  test("GEOADD with its options and errors", () =>
    expectSame([
      sicily,
      sicily,
      ["GEOADD", "g", "NX", "13", "38", "Palermo", "13", "38", "new"],
      ["GEOADD", "g", "XX", "14", "38", "Palermo", "13", "38", "newer"],
      ["GEOADD", "g", "CH", "13", "38", "Palermo", "13", "37", "newest"],
      ["GEOADD", "g", "ch", "nx", "1", "1", "a"],
      ["GEOADD", "g", "NX", "XX", "1", "1", "a"],
      ["GEOADD", "g", "CH", "CH", "CH"],
      ["GEOADD", "g", "1", "1"],
      ["GEOADD", "g", "1", "1", "a", "2"],
      ["GEOADD", "g", "x", "1", "a"],
      ["GEOADD", "g", "1", "x", "a"],
      ["GEOADD", "g", "200", "10", "a"],
      ["GEOADD", "g", "1", "1", "a", "10", "-86", "b"],
      ["GEOADD", "g", "inf", "1e30", "a"],
      ["GEOADD", "g", "-180", "-85.05112878", "corner", "180", "85.05112878", "other", "180", "0.5", "edge"],
      ["GEOADD", "none", "XX", "1", "1", "a"],
      wrongType,
      ["GEOADD", "s", "1", "1", "a"],
      ["GEOPOS", "g", "corner", "other", "edge", "Palermo"],
      ["GEOHASH", "g", "corner", "other", "edge", "Palermo"],
    ]));

  test("GEODIST, GEOHASH and GEOPOS", () =>
    expectSame([
      sicily,
      cities,
      wrongType,
      ...["m", "km", "FT", "Mi", "x"].map((unit): Step => ["GEODIST", "g", "Palermo", "Catania", unit]),
      ["GEODIST", "g", "Palermo", "Catania"],
      ["GEODIST", "g", "Palermo", "Palermo"],
      ["GEODIST", "w", "Tokyo", "New York", "km"],
      ["GEODIST", "w", "Suva", "Taveuni"],
      ["GEODIST", "g", "Palermo", "none"],
      ["GEODIST", "none", "a", "b"],
      ["GEODIST", "none", "a", "b", "x"],
      ["GEODIST", "s", "a", "b"],
      ["GEODIST", "g", "a", "b", "m", "m"],
      ["GEODIST", "g", "a"],
      ...["GEOHASH", "GEOPOS"].flatMap((name): Step[] => [
        [name, "w", "Tokyo", "Paris", "none", "Ushuaia", "Longyearbyen", "Null", "Suva"],
        [name, "none", "a"],
        [name, "w"],
        [name, "none"],
        [name, "s", "a"],
        [name],
      ]),
      ["ZADD", "z", "-5", "a", "1e17", "b", "1.5", "c", "9007199254740992", "d", "inf", "e", "-inf", "f", "1e30", "g"],
      ["GEOPOS", "z", "a", "b", "c", "d", "e", "f", "g"],
      ["GEOHASH", "z", "a", "b", "c", "d", "e", "f", "g"],
    ]));

  test("GEOSEARCH finds in circles and boxes", () =>
    expectSame([
      sicily,
      cities,
      many,
      ...[
        ["g", "15", "37", "200"],
        ["g", "15", "37", "100"],
        ["w", "0", "0", "3000"],
        ["w", "0", "0", "9000"],
        ["w", "0", "0", "21000"],
        ["w", "179", "-17", "500"],
        ["w", "-179.9", "-16.5", "10"],
        ["w", "15", "78", "100"],
        ["w", "20", "80.5", "300"],
        ["w", "0", "0", "0"],
        ["m", "7.44", "46.95", "5"],
        ["m", "7.44", "46.95", "60"],
        ["m", "8", "47", "80"],
      ].flatMap(([key, longitude, latitude, size]): Step[] => {
        const from: readonly Word[] = ["FROMLONLAT", longitude as string, latitude as string];
        const circle: readonly Word[] = [...from, "BYRADIUS", size as string, "km"];
        const box: readonly Word[] = [...from, "BYBOX", size as string, Number(size) / 2, "km"];
        return [circle, box].flatMap((shape): Step[] => [
          ["GEOSEARCH", key as string, ...shape],
          ["GEOSEARCH", key as string, ...shape, "ASC", ...withAll],
          ["GEOSEARCH", key as string, ...shape, "desc", "withdist", "COUNT", 3],
          ["GEOSEARCH", key as string, ...shape, "COUNT", 3],
          ["GEOSEARCH", key as string, ...shape, "COUNT", 3, "ANY"],
          ["GEOSEARCH", key as string, ...shape, "COUNT", 3, "ANY", "DESC", "WITHHASH"],
        ]);
      }),
      polar,
      ...["70", "75", "80", "80.5", "82", "-81", "-84", "-67"].flatMap((latitude): Step[] =>
        [20, 100, 350, 900, 2500].map((radius) => [
          "GEOSEARCH",
          "p",
          "FROMLONLAT",
          20,
          latitude,
          "BYRADIUS",
          radius,
          "km",
        ]),
      ),
      ["GEOSEARCH", "g", "FROMMEMBER", "Palermo", "BYRADIUS", 200, "km", "ASC"],
      ["GEOSEARCH", "g", "BYBOX", 400, 400, "mi", "FROMMEMBER", "Catania", "DESC", "WITHDIST"],
      ["GEOSEARCH", "g", "FROMMEMBER", "Catania", "BYRADIUS", 600000, "ft", "WITHDIST", "ASC"],
    ]));

  const circle: readonly Word[] = ["FROMLONLAT", 15, 37, "BYRADIUS", 200, "km"];

  test("GEOSEARCH refuses invalid and contradictory arguments", () =>
    expectSame([
      sicily,
      wrongType,
      ...(
        [
          ["FROMMEMBER", "none", "BYRADIUS", 1, "m"],
          ["FROMLONLAT", 1, 1, "FROMMEMBER", "Palermo", "BYRADIUS", 1, "m"],
          ["FROMMEMBER", "Palermo", "FROMLONLAT", 1, 1, "BYRADIUS", 1, "m"],
          ["FROMMEMBER", "Palermo", "FROMMEMBER", "Catania", "BYRADIUS", 1, "m", "BYRADIUS", 300, "km"],
          ["BYRADIUS", 1, "m", "ASC", "ASC"],
          ["FROMLONLAT", 1, 1, "ASC", "ASC", "DESC"],
          ["FROMLONLAT", 1, 1, "BYRADIUS", 1, "m", "BYBOX", 1, 1, "m"],
          ["FROMLONLAT", 1, 1, "BYBOX", 1, 1, "m", "BYRADIUS", 1, "m"],
          ["FROMLONLAT", 1, 1, "BYRADIUS", -1, "m"],
          ["FROMLONLAT", 1, 1, "BYRADIUS", "x", "m"],
          ["FROMLONLAT", 1, 1, "BYRADIUS", 1, "x"],
          ["FROMLONLAT", 1, 1, "BYBOX", -1, 1, "m"],
          ["FROMLONLAT", 1, 1, "BYBOX", "x", 1, "m"],
          ["FROMLONLAT", 1, 1, "BYBOX", 1, "x", "m"],
          ["FROMLONLAT", 1, 1, "BYBOX", 1, 1, "x"],
          ["FROMLONLAT", 181, 1, "BYRADIUS", 1, "m"],
          ["FROMLONLAT", "x", 1, "BYRADIUS", 1, "m"],
          [...circle, "ANY"],
          [...circle, "COUNT", 0],
          [...circle, "COUNT", -1],
          [...circle, "COUNT", "x"],
          [...circle, "COUNT"],
          [...circle, "STORE", "x"],
          [...circle, "STOREDIST", "x"],
          [...circle, "x"],
        ] as const
      ).flatMap((words): Step[] => [
        ["GEOSEARCH", "g", ...words],
        ["geosearch", "none", ...words],
        ["GEOSEARCHSTORE", "d", "g", ...words],
      ]),
      ["GEOSEARCH", "s", ...circle],
      ["GEOSEARCH", "g", "ASC"],
    ]));

  test("GEOSEARCHSTORE stores places or distances", () =>
    expectSame([
      sicily,
      many,
      wrongType,
      ["GEOSEARCHSTORE", "d", "g", ...circle],
      ["GEOSEARCHSTORE", "e", "g", ...circle, "STOREDIST", "COUNT", 1],
      ["GEOSEARCHSTORE", "f", "m", "FROMLONLAT", 7.44, 46.95, "BYRADIUS", 500, "km"],
      ["GEOSEARCHSTORE", "g", "g", ...circle, "COUNT", 1],
      ["GEOSEARCHSTORE", "d", "g", "FROMLONLAT", 100, 1, "BYRADIUS", 1, "m"],
      ["GEOSEARCHSTORE", "e", "none", ...circle],
      ["GEOSEARCHSTORE", "e", "g", ...circle, "WITHDIST"],
      ["GEOSEARCHSTORE", "e", "s", ...circle],
      ["GEOSEARCHSTORE", "s", "g", ...circle],
    ]));

  test("GEORADIUS and GEORADIUSBYMEMBER, also read-only", () =>
    expectSame([
      sicily,
      wrongType,
      ...["GEORADIUS", "GEORADIUS_RO", "GEORADIUSBYMEMBER", "GEORADIUSBYMEMBER_RO"].flatMap((name): Step[] => {
        const center: readonly Word[] = name.includes("MEMBER") ? ["Palermo"] : [15, 37];
        const around: readonly Word[] = [...center, 200, "km"];
        return [
          [name, "g", ...around],
          [name, "g", ...around, "ASC", ...withAll],
          [name, "g", ...around, "DESC", "COUNT", 1],
          [name, "g", ...around, "COUNT", 1, "ANY"],
          [name, "g", ...around, "STORE", "d"],
          [name, "g", ...around, "STOREDIST", "e"],
          [name, "g", ...around, "STORE", "f", "STOREDIST", "h", "ASC"],
          [name, "g", ...around, "STORE"],
          [name, "g", ...around, "STORE", "x", "WITHDIST"],
          [name, "g", ...around, "ANY"],
          [name, "g", ...around, "FROMLONLAT", 1, 1],
          [name, "g", ...around, "x"],
          [name, "g", ...center, -1, "km"],
          [name, "g", ...center, "x", "km"],
          [name, "g", ...center, 1, "x"],
          [name, "none", ...around],
          [name, "none", ...around, "STORE", "d"],
          [name, "none", ...center, "x", "y"],
          [name, "s", ...around],
          [name, "g"],
        ];
      }),
      ["GEORADIUSBYMEMBER", "g", "none", 1, "m"],
      ["GEORADIUS", "g", 200, 1, 1, "m"],
    ]));

  test("the log states the effects", () =>
    expectSameLog([
      ["GEOADD", "g", "13.361389", "38.115556", "Palermo", "15.087269", "37.502669", "Catania"],
      ["GEOADD", "g", "13.361389", "38.115556", "Palermo"],
      ["GEOADD", "g", "XX", "CH", "13", "38", "Palermo"],
      ["GEORADIUS", "g", "15", "37", "200", "km", "STORE", "d"],
      ["GEORADIUS", "g", "15", "37", "200", "km"],
      ["GEOSEARCHSTORE", "e", "g", "FROMLONLAT", "15", "37", "BYRADIUS", "200", "km"],
      ["GEOSEARCHSTORE", "e", "none", "FROMLONLAT", "15", "37", "BYRADIUS", "200", "km"],
    ]));
});

const degrees = (limit: number): fc.Arbitrary<string> =>
  fc.integer({ min: -limit * 1000, max: limit * 1000 }).map((thousandths) => String(thousandths / 1000));
const longitude = degrees(180);
const latitude = degrees(85);
const key = fc.constantFrom<Word>("a", "b");
const member = fc.integer({ min: 0, max: 60 }).map((number) => `m${number}`);
const size = fc.constantFrom<Word>("0", "0.5", "10", "200", "1500", "4000", "9000", "25000");
const unit = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom<Word>("km", "mi") },
  { weight: 1, arbitrary: fc.oneof(fc.constantFrom<Word>("m", "ft"), junkWord) },
);
const from = fc.oneof(
  fc.tuple(longitude, latitude).map(([east, north]): readonly Word[] => ["FROMLONLAT", east, north]),
  member.map((name): readonly Word[] => ["FROMMEMBER", name]),
);
const shape = fc.oneof(
  fc.tuple(size, unit).map(([radius, its]): readonly Word[] => ["BYRADIUS", radius, its]),
  fc.tuple(size, size, unit).map(([width, height, its]): readonly Word[] => ["BYBOX", width, height, its]),
);
const count = optionWith("COUNT", fc.integer({ min: 1, max: 30 }));
const options = optionsOf(3, "ASC", "DESC", "ANY", "WITHDIST", "WITHCOORD", "WITHHASH", count);
const steps: readonly fc.Arbitrary<Step>[] = [
  commandOf("GEOADD", key, longitude, latitude, member, longitude, latitude, member),
  commandOf("GEODIST", key, member, member, unit),
  commandOf(fc.constantFrom<Word>("GEOPOS", "GEOHASH"), key, member, member),
  commandOf("GEOSEARCH", key, from, shape, options),
  commandOf("GEOSEARCH", key, from, shape, options),
  commandOf(
    "GEOSEARCHSTORE",
    fc.constantFrom<Word>("c", "d"),
    key,
    from,
    shape,
    optionsOf(2, "ASC", "STOREDIST", count),
  ),
  commandOf("GEORADIUS", key, longitude, latitude, size, unit, options),
];

describe.skipIf(redis.missing)(`generated sequences on places${redis.reason}`, () => {
  // 200 places all over the world. No two are equally far from a third one, because ties have no fixed order.
  const places = Array.from({ length: 200 }, (_, at) => [
    (((at * 137.508 + 3) % 360) - 180).toFixed(5),
    (((at * 61.803) % 168) - 84).toFixed(5),
    `m${at}`,
  ]).flat();
  const before: readonly Step[] = [
    ["GEOADD", "a", ...places],
    ["GEOADD", "b", ...places.slice(0, 120)],
  ];
  test(
    "search anywhere, in any shape",
    () => expectSameGenerated({ commands: steps, before, runs: 60 }),
    generatedTimeoutMs,
  );
});
