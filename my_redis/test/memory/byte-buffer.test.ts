import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { propertySeed } from "../../../tools/property-seed.ts";
import { ByteBuffer } from "../../src/memory/byte-buffer.ts";

const bytesOf = (text: string): Buffer => Buffer.from(text, "latin1");
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");
const pieces = fc.array(
  fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((byte) => String.fromCharCode(byte)), maxLength: 120 }),
  {
    maxLength: 40,
  },
);

describe("a byte buffer", () => {
  test("holds what was appended, in order, in each way of appending", () => {
    fc.assert(
      fc.property(pieces, fc.integer({ min: 0, max: 64 }), (texts, initialBytes) => {
        const buffer = new ByteBuffer({ initialBytes });
        let expected = "";
        for (const [number, text] of texts.entries()) {
          if (number % 3 === 0) buffer.raw(bytesOf(text));
          else if (number % 3 === 1) buffer.latin1(text);
          else for (const byte of bytesOf(text)) buffer.byte(byte);
          expected += text;
        }
        buffer.raw(bytesOf("[part]"), 1, 5);
        expect(textOf(buffer.written)).toBe(`${expected}part`);
        expect(textOf(buffer.copy())).toBe(`${expected}part`);
      }),
      { seed: propertySeed() },
    );
  });

  test("has the requested room", () => {
    const buffer = new ByteBuffer({ initialBytes: 4 });
    buffer.raw(bytesOf("abc"));
    buffer.ensure(1000);
    expect(buffer.bytes.length).toBeGreaterThanOrEqual(1003);
    expect(textOf(buffer.written)).toBe("abc");
  });

  test("discards a large array when it is cleared, and keeps a small one", () => {
    const buffer = new ByteBuffer({ initialBytes: 16, keptBytes: 64 });
    buffer.raw(new Uint8Array(50));
    const kept = buffer.bytes;
    buffer.clear();
    expect(buffer.bytes).toBe(kept);
    buffer.raw(new Uint8Array(65));
    buffer.clear();
    expect(buffer.bytes.length).toBe(16);
    expect(buffer.length).toBe(0);
  });
});
