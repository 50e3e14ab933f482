import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { propertySeed } from "../../../../tools/property-seed.ts";
import { SeededRandom } from "../../../../tools/seeded-random.ts";
import { pieceBytes } from "../../../src/memory/kernels/kernel-memory.ts";
import { compress, decompress, decompressInto } from "../../../src/persistence/rdb/lzf.ts";
import { RdbFormatError } from "../../../src/persistence/rdb/rdb-format-error.ts";

const seed = propertySeed();
const runs = { seed, numRuns: 300 };
const repetitive = fc
  .array(fc.constantFrom("a", "ab", "abcabc", "xyz", "0000000000", "the quick brown fox"), { maxLength: 200 })
  .map((words) => new Uint8Array(Buffer.from(words.join(""))));
const anyBytes = fc.oneof(repetitive, fc.uint8Array({ maxLength: 500 }));

describe("LZF", () => {
  test("gives back what was compressed, also from the middle of an array", () => {
    fc.assert(
      fc.property(anyBytes, fc.nat({ max: 20 }), (bytes, start) => {
        const from = Math.min(start, bytes.length);
        const target = new Uint8Array(bytes.length * 2 + 10);
        const size = compress(bytes, from, bytes.length, target);
        expect(decompress(target, 0, size, bytes.length - from)).toEqual(bytes.slice(from));
      }),
      runs,
    );
  });

  test("shortens repetitions, near and far", () => {
    const text = Buffer.from("abcdefghij".repeat(1000));
    expect(compress(text, 0, text.length, new Uint8Array(text.length))).toBeLessThan(200);
    const far = Buffer.concat([
      Buffer.from("0123456789abcdef"),
      Buffer.alloc(8000, 1),
      Buffer.from("0123456789abcdef"),
    ]);
    const target = new Uint8Array(far.length);
    const size = compress(far, 0, far.length, target);
    expect(size).toBeLessThan(140);
    expect(Buffer.from(decompress(target, 0, size, far.length))).toEqual(far);
  });

  test("does not refer farther back than the format can express", () => {
    const word = Buffer.from("0123456789abcdef");
    for (const between of [8170, 8176, 8177, 8500]) {
      const text = Buffer.concat([word, Buffer.alloc(between, 1), word]);
      const target = new Uint8Array(text.length);
      const size = compress(text, 0, text.length, target);
      expect(Buffer.from(decompress(target, 0, size, text.length))).toEqual(text);
    }
  });

  test("gives back long strings, whose matches go from one piece to the next", () => {
    const random = new SeededRandom(seed);
    const noise = Buffer.from(Array.from({ length: 8000 }, () => random.below(256)));
    for (const length of [8_192, 253_000, pieceBytes - 264, pieceBytes, pieceBytes + 1, 1_000_003]) {
      for (const [what, unit] of Object.entries({
        noise,
        period: Buffer.from("text of a value, "),
        zero: Buffer.of(0),
      })) {
        const text = Buffer.alloc(length, unit);
        const target = new Uint8Array(length + 40_000);
        const size = compress(text, 0, length, target);
        expect({ what, same: Buffer.compare(decompress(target, 0, size, length), text) }).toEqual({ what, same: 0 });
        expect(() => decompress(target, 0, size, length - 1)).toThrow(RdbFormatError);
        expect(() => decompress(target, 0, size, length + 1)).toThrow(RdbFormatError);
        expect(() => decompress(target, 0, size - 1, length)).toThrow(RdbFormatError);
      }
    }
  });

  test("writes nothing beyond its range, also when the input is longer than announced", () => {
    const text = Buffer.alloc(300_000, "text of a value, ");
    const compressed = new Uint8Array(text.length);
    const size = compress(text, 0, text.length, compressed);
    const around = 10_000;
    for (const length of [65_000, pieceBytes, 299_000, text.length]) {
      const memory = new Uint8Array(around + length + around).fill(1);
      const range = { bytes: memory, start: around, end: around + length };
      const isWhole = length === text.length;
      const decompressed = (): void => decompressInto(range, compressed, 0, size);
      if (isWhole) decompressed();
      else expect(decompressed).toThrow(RdbFormatError);
      expect(Buffer.compare(memory.subarray(around, range.end), text) === 0).toBe(isWhole);
      for (const beside of [memory.subarray(0, around), memory.subarray(range.end)]) {
        expect(beside.every((byte) => byte === 1)).toBe(true);
      }
    }
  });

  test("fails when the target is too small", () => {
    const text = Buffer.from("no three letters of it come again");
    expect(compress(text, 0, text.length, new Uint8Array(text.length - 4))).toBe(0);
  });

  test("reads a match that overlaps its own output", () => {
    expect(decompress(Uint8Array.from([0, 97, 0x60, 0]), 0, 4, 6)).toEqual(new Uint8Array(6).fill(97));
  });

  test("refuses every broken input and reads none of it from elsewhere", () => {
    const broken = [
      [5, 97],
      [0, 97, 0x20, 5],
      [0, 97, 0xe0],
      [0, 97, 0x20],
      [0x20, 0],
      [0, 97, 0, 98],
    ];
    for (const bytes of broken) {
      expect(() => decompress(Uint8Array.from(bytes), 0, bytes.length, 3)).toThrow(RdbFormatError);
    }
    expect(() => decompress(Uint8Array.from([0, 97]), 0, 2, 2 ** 40)).toThrow(RdbFormatError);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat({ max: 300 }), (bytes, length) => {
        try {
          expect(decompress(bytes, 0, bytes.length, length).length).toBe(length);
        } catch (error) {
          expect(error).toBeInstanceOf(RdbFormatError);
        }
      }),
      runs,
    );
  });
});
