import { describe, test } from "bun:test";
import fc from "fast-check";
import { requireService } from "../../../tools/test-services/index.ts";
import { commandOf, keyWord, valueWord } from "./harness/arbitrary-words.ts";
import {
  expectSame,
  expectSameGenerated,
  expectSameLog,
  generatedTimeoutMs,
  type Step,
  type Word,
} from "./harness/index.ts";

const redis = requireService("redis");

const elements = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `element:${from + at}`);
/** Adds elements in several steps, and reads the bytes and the count after each step. */
const growing = (key: string, upTo: number, by: number): Step[] =>
  Array.from({ length: Math.ceil(upTo / by) }, (_, at): Step[] => [
    ["PFADD", key, ...elements(at * by, by)],
    ["GET", key],
    ["PFCOUNT", key],
    ["GET", key],
  ]).flat();

/** A dense HyperLogLog that repeats the values of four registers. Its cached count is invalid. */
function denseOf([one, two, three, four]: readonly [number, number, number, number]): Uint8Array {
  const registers = one | (two << 6) | (three << 12) | (four << 18);
  const bytes = Buffer.alloc(16 + 12288);
  bytes.write("HYLL", "latin1");
  bytes[15] = 0x80;
  for (let at = 16; at < bytes.length; at += 3) bytes.writeUIntLE(registers, at, 3);
  return bytes;
}

/** Bytes of every value, in another order for each length. */
const bytesOf = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, at) => Math.imul(at + length, 0x9e3779b1) >>> 24);

describe.skipIf(redis.missing)(`HyperLogLogs answer as redis-server does${redis.reason}`, () => {
  test("PFADD writes the same bytes, sparse and dense", () =>
    expectSame([
      ["PFADD", "empty"],
      ["GET", "empty"],
      ["PFADD", "empty"],
      ["PFCOUNT", "empty"],
      ["PFADD", "h", "a", "b", "", "a\0b", "x".repeat(1000)],
      ["PFADD", "h", "a"],
      ...Array.from({ length: 20 }, (_, length): Step => ["PFADD", "lengths", "abcdefghijklmnopqrst".slice(0, length)]),
      ["GET", "lengths"],
      ...growing("g", 3000, 100),
      ["STRLEN", "g"],
      ["PFADD", "g", ...elements(0, 10)],
      ...growing("big", 20_000, 5000),
      ["OBJECT", "ENCODING", "g"],
    ]));

  test("PFADD hashes long elements to the same registers, whatever their length", () =>
    expectSame([
      ...[90, 1000, 32 * 1024 - 9, 64 * 1024 - 9, 100_000].flatMap((shortest): Step[] => [
        ["PFADD", `from ${shortest}`, ...Array.from({ length: 20 }, (_, more) => bytesOf(shortest + more))],
        ["GET", `from ${shortest}`],
      ]),
    ]));

  test("PFADD hashes many elements of one request to the same registers, however many and long they are", () =>
    expectSame(
      [
        elements(0, 1023),
        elements(1023, 1025),
        elements(3000, 2500),
        [0, 1, 7, 8, 9, 0, 15, 16, 17, 31, 32, 33].map(bytesOf),
        [32_767, 1, 32_768, 2, 32_769, 3].map(bytesOf),
        [20_000, 12_768, 5, 16_384, 16_384, 6, 32_761, 7, 32_760].map(bytesOf),
        [65_535, 65_536, 65_537, 0].map(bytesOf),
      ].flatMap((words, key): Step[] => [
        ["PFADD", `many:${key}`, ...words],
        ["GET", `many:${key}`],
        ["PFADD", `many:${key}`, ...words],
      ]),
    ));

  test("PFCOUNT and PFMERGE compute unions", () =>
    expectSame([
      ["PFADD", "a", ...elements(0, 500)],
      ["PFADD", "b", ...elements(300, 500)],
      ["PFADD", "dense", ...elements(0, 5000)],
      ["PFCOUNT", "a", "b", "none"],
      ["PFCOUNT", "a", "dense"],
      ["PFCOUNT", "none"],
      ["PFCOUNT", "none", "neither"],
      ["PFMERGE", "c", "a", "b"],
      ["GET", "c"],
      ["PFCOUNT", "c"],
      ["PFMERGE", "a", "b"],
      ["PFMERGE", "d", "a", "dense"],
      ["PFADD", "few", "x"],
      ["PFDEBUG", "TODENSE", "few"],
      ["PFMERGE", "ofDense", "a", "few"],
      ["PFMERGE", "a", "few"],
      ["PFMERGE", "new"],
      ["PFMERGE", "fromNone", "none"],
      ["GET", "new"],
      ["SET", "e", "x", "EX", 1000],
      ["DEL", "e"],
      ["PFADD", "e", "x"],
      ["EXPIRE", "e", 1000],
      ["PFADD", "e", "y"],
      ["PFMERGE", "e", "a"],
      ["TTL", "e"],
    ]));

  test("values that are not HyperLogLogs are refused", () =>
    expectSame([
      ["SET", "text", "text"],
      ["SET", "number", 12],
      ["RPUSH", "list", "x"],
      ["SET", "form", `HYLL\x02${"\0".repeat(11)}`],
      ["SET", "short", "HYLL\x01"],
      ["SET", "dense", `HYLL${"\0".repeat(12)}`],
      ["SET", "corrupt", `HYLL\x01${"\0".repeat(10)}\x80`],
      ["SET", "more", Buffer.from(`HYLL\x01${"\0".repeat(10)}\x80\x7f\xff\x00`, "latin1")],
      ...["text", "number", "list", "form", "short", "dense", "corrupt", "more"].flatMap((key): Step[] => [
        ["PFADD", key, "a"],
        ["PFCOUNT", key],
        ["PFCOUNT", key, "none"],
        ["PFMERGE", "x", key],
        ["PFMERGE", key],
        ["PFDEBUG", "ENCODING", key],
      ]),
      ["PFADD"],
      ["PFCOUNT"],
      ["PFMERGE"],
    ]));

  test("a HyperLogLog can be copied by GET and SET, and small settings make it dense early", () =>
    expectSame([
      ["PFADD", "a", "x", "y"],
      ["CONFIG", "SET", "hll-sparse-max-bytes", 30],
      ...growing("small", 60, 3),
      ...[24, 25, 26, 27, 28].flatMap((limit): Step[] => [
        ["CONFIG", "SET", "hll-sparse-max-bytes", limit],
        ...growing(`limit${limit}`, 12, 1),
      ]),
      ["CONFIG", "SET", "hll-sparse-max-bytes", 3000],
      ["COPY", "small", "b"],
      ["PFADD", "b", "more"],
      ["PFCOUNT", "small", "b"],
      ["APPEND", "a", "\0"],
      ["PFCOUNT", "a"],
    ]));

  test("registers with the highest possible values are counted, too", () =>
    expectSame([
      ["SET", "highest", denseOf([51, 51, 51, 51])],
      ["PFCOUNT", "highest"],
      ["SET", "half", denseOf([51, 3, 50, 51])],
      ["PFCOUNT", "half"],
      ["SET", "nearly", denseOf([51, 51, 51, 50])],
      ["PFCOUNT", "nearly"],
      ["SET", "between", denseOf([51, 50, 51, 50])],
      ["PFCOUNT", "between"],
      ["SET", "some", denseOf([51, 0, 0, 1])],
      ["PFCOUNT", "some"],
      ["PFADD", "some", "x"],
    ]));

  test("PFDEBUG and PFSELFTEST", () =>
    expectSame([
      ["PFADD", "a", ...elements(0, 30)],
      ["PFDEBUG", "DECODE", "a"],
      ["PFDEBUG", "encoding", "a"],
      ["PFDEBUG", "TODENSE", "a"],
      ["PFDEBUG", "TODENSE", "a"],
      ["PFDEBUG", "DECODE", "a"],
      ["PFDEBUG", "ENCODING", "a"],
      ["PFADD", "b", ...elements(0, 300)],
      ["PFDEBUG", "GETREG", "b"],
      ["PFDEBUG", "x", "b"],
      ["PFDEBUG", "GETREG", "none"],
      ["PFDEBUG", "GETREG"],
      ["PFSELFTEST"],
    ]));

  test("the log states the changes", () =>
    expectSameLog([
      ["PFADD", "a", "x", "y"],
      ["PFADD", "a", "x"],
      ["PFCOUNT", "a"],
      ["PFCOUNT", "a"],
      ["PFMERGE", "b", "a"],
      ["PFCOUNT", "a", "b"],
    ]));
});

const few = fc.integer({ min: 0, max: 300 }).map((number): Word => `e${number}`);
const batch = fc
  .tuple(fc.integer({ min: 0, max: 9000 }), fc.constantFrom(10, 100, 700))
  .map(([from, count]): readonly Word[] => elements(from, count));
const steps: readonly fc.Arbitrary<Step>[] = [
  commandOf("PFADD", keyWord, fc.oneof(few, valueWord), few),
  commandOf("PFADD", keyWord, batch),
  commandOf("PFCOUNT", keyWord),
  commandOf("PFCOUNT", keyWord, keyWord),
  commandOf("PFMERGE", keyWord, keyWord, keyWord),
  commandOf("GET", keyWord),
  commandOf("DEL", keyWord),
];

describe.skipIf(redis.missing)(`generated sequences on HyperLogLogs${redis.reason}`, () => {
  test("keep the same bytes", () => expectSameGenerated({ commands: steps, runs: 25 }), generatedTimeoutMs);
});
