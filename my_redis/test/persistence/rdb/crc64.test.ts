import { expect, test } from "bun:test";
import { SeededRandom } from "../../../../tools/seeded-random.ts";
import { Crc64 } from "../../../src/persistence/rdb/crc64.ts";

function checksumOf(...parts: readonly string[]): string {
  const crc = new Crc64();
  for (const part of parts) crc.update(Buffer.from(part), 0, part.length);
  const bytes = Buffer.alloc(8);
  crc.write(bytes, 0);
  return bytes.readBigUInt64LE().toString(16);
}

test("the checksum is the published one, in one piece or in several", () => {
  expect(checksumOf("123456789")).toBe("e9c6d914c4b8d9ca");
  expect(checksumOf("123", "", "456789")).toBe("e9c6d914c4b8d9ca");
  expect(checksumOf("")).toBe("0");
});

test("many bytes at once give the same checksum as one after the other", () => {
  const random = new SeededRandom(11);
  for (const length of [15, 16, 17, 31, 32, 100, 1000, 32_767, 32_769, 100_000]) {
    const bytes = Uint8Array.from({ length }, () => random.below(256));
    const [whole, single] = [new Crc64(), new Crc64()];
    whole.update(bytes, 0, length);
    for (let at = 0; at < length; at++) single.update(bytes, at, at + 1);
    const results = [whole, single].map((checksum) => {
      const target = Buffer.alloc(8);
      checksum.write(target, 0);
      return target.toString("hex");
    });
    expect(results[0]).toBe(results[1] as string);
  }
});
