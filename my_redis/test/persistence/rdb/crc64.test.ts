import { expect, test } from "bun:test";
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
