import { expect, test } from "bun:test";
import { xxh3 } from "../../src/values/xxh3.ts";

test("XXH3 gives what Bun's own gives, for each length up to 600 and for long strings", () => {
  const lengths = [...Array.from({ length: 601 }, (_, length) => length), 1023, 1024, 1025, 4096, 10_007, 65_536];
  for (const length of lengths) {
    const bytes = Uint8Array.from({ length }, (_, at) => (at * 131 + (at >> 3) * 17 + length) & 255);
    expect([length, xxh3(bytes)]).toEqual([length, Bun.hash.xxHash3(bytes)]);
  }
});

test("XXH3 hashes a part of the bytes", () => {
  const bytes = Buffer.from("..Hello world.");
  expect(xxh3(bytes, 2, 13).toString(16)).toBe("b6acb9d84a38ff74");
});
