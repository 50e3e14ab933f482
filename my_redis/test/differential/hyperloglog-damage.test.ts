import { describe, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { SeededRandom } from "../../../tools/seeded-random.ts";
import { expectSame, type Step, type Word } from "./harness/index.ts";

const redis = requireService("redis");
/**
 * `HYPERLOGLOG_VALUES=2000 HYPERLOGLOG_SEED=2 bun test <this file>` compares more values, or others. About one in 3000
 * differs in a byte: one that ends within a run that PFADD then splits. redis-server writes a byte behind the string
 * there, and reads it later.
 */
const count = Number(process.env["HYPERLOGLOG_VALUES"] ?? 200);
const firstSeed = Number(process.env["HYPERLOGLOG_SEED"] ?? 1);

const registers = 16384;

/** The runs of a whole sparse form: see src/values/hyperloglog/sparse-runs.ts. */
function wholeRuns(random: SeededRandom): number[] {
  const bytes: number[] = [];
  let left = registers;
  while (left > 0) {
    const kind = random.below(3);
    const length = Math.min(left, kind === 0 ? random.between(1, 4) : random.between(1, kind === 1 ? 64 : 4000));
    if (kind === 0) bytes.push(0x80 | (random.below(32) << 2) | (length - 1));
    else if (length <= 64) bytes.push(length - 1);
    else bytes.push(0x40 | ((length - 1) >>> 8), (length - 1) & 255);
    left -= length;
  }
  return bytes;
}

function damagedRuns(random: SeededRandom): number[] {
  const bytes = wholeRuns(random);
  switch (random.below(6)) {
    case 0:
      return bytes;
    case 1:
      return bytes.with(random.below(bytes.length), random.below(256));
    case 2:
      return bytes.slice(0, random.below(bytes.length + 1));
    case 3:
      return [...bytes, ...random.bytes(random.between(1, 4))];
    case 4:
      return [...random.bytes(random.below(60))];
    default:
      return bytes.toSpliced(random.below(bytes.length), random.below(4), ...random.bytes(random.below(4)));
  }
}

/** A string that PFADD and its siblings accept as a sparse HyperLogLog. Its runs and its stored count may be anything. */
function sparseValue(random: SeededRandom): Uint8Array {
  const storedCount = random.bytes(8);
  if (random.oneIn(2)) storedCount.fill(0);
  if (random.oneIn(2)) storedCount[7] = random.oneIn(2) ? 0x80 : 0;
  return Buffer.concat([Buffer.from("HYLL\x01"), random.bytes(3), storedCount, Uint8Array.from(damagedRuns(random))]);
}

function denseValue(random: SeededRandom): Uint8Array {
  const storedCount = random.bytes(8);
  if (random.oneIn(2)) storedCount[7] = 0x80;
  return Buffer.concat([Buffer.from("HYLL\x00\0\0\0"), storedCount, random.bytes((registers * 6) / 8)]);
}

const elements = (random: SeededRandom, most: number): Word[] =>
  Array.from({ length: random.between(1, most) }, () => `element ${random.below(10_000)}`);

/** What every command does with a value, each with the value as it was. */
function stepsFor(value: Uint8Array, random: SeededRandom): Step[] {
  const commands: Word[][] = [
    ["PFADD", "h"],
    ["PFADD", "h", ...elements(random, 1)],
    ["PFADD", "h", ...elements(random, 40)],
    ["PFCOUNT", "h"],
    ["PFCOUNT", "h", "none"],
    ["PFMERGE", "h"],
    ["PFMERGE", "target", "h"],
    ["PFMERGE", "whole", "h"],
    ["PFDEBUG", "DECODE", "h"],
    ["PFDEBUG", "GETREG", "h"],
    ["PFDEBUG", "TODENSE", "h"],
    ["PFDEBUG", "ENCODING", "h"],
  ];
  return commands.flatMap((command): Step[] => [
    ["DEL", "target", "whole"],
    ["PFADD", "whole", "a", "b", "c"],
    ["SET", "h", value],
    command,
    ["GET", "h"],
    ["GET", "target"],
    ["GET", "whole"],
  ]);
}

describe.skipIf(redis.missing)(`damaged HyperLogLogs${redis.reason}`, () => {
  for (const [form, make] of Object.entries({ sparse: sparseValue, dense: denseValue })) {
    test(`${form} ones give the same replies and keep the same bytes`, async () => {
      const values = form === "dense" ? Math.ceil(count / 10) : count;
      for (let seed = firstSeed; seed < firstSeed + values; seed++) {
        const random = new SeededRandom(seed);
        await expectSame(stepsFor(make(random), random), { protocols: [2], compareData: false });
      }
    }, 60_000);
  }

  test("a stored count above 2^53 is given exactly", () =>
    expectSame(
      [
        "\x01\x00\x00\x00\x00\x00\x20\x00",
        "\xff\xff\xff\xff\xff\xff\xff\x7f",
        "\xff\xff\xff\xff\xff\xff\xff\xff",
      ].flatMap((stored): Step[] => [
        ["SET", "h", Buffer.from(`HYLL\x01\0\0\0${stored}\x7f\xff`, "latin1")],
        ["PFCOUNT", "h"],
      ]),
    ));
});
