import { expect, test } from "bun:test";
import { finalize, murmur3 } from "../src/murmur3.ts";

// Published vectors of MurmurHash3_x86_32.
const vectors: [string, number, number][] = [
  ["", 0, 0],
  ["", 1, 0x514e28b7],
  ["", 0xffffffff, 0x81f16f39],
  ["\0\0\0\0", 0, 0x2362f9de],
  ["a", 0x9747b28c, 0x7fa09ea6],
  ["aa", 0x9747b28c, 0x5d211726],
  ["aaa", 0x9747b28c, 0x283e0130],
  ["aaaa", 0x9747b28c, 0x5a97808a],
  ["Hello, world!", 0x9747b28c, 0x24884cba],
  ["The quick brown fox jumps over the lazy dog", 0x9747b28c, 0x2fa826cd],
  ["ππππππππ", 0x9747b28c, 0xd58063c1],
];

test.each(vectors)("murmur3 of %j with seed %d", (input, seed, hash) => {
  expect(murmur3(input, seed)).toBe(hash);
  expect(murmur3(new TextEncoder().encode(input), seed)).toBe(hash);
});

test("murmur3 hashes a string as its UTF-8 bytes, whether its buffer can hold the string or not", () => {
  for (const length of [340, 341, 342, 1_023, 1_024, 1_025, 5_000]) {
    const text = "Ω".repeat(length);
    expect(murmur3(text)).toBe(murmur3(new TextEncoder().encode(text)));
  }
});

test("finalize gives different results for different inputs, as unsigned integers", () => {
  const results = new Set(Array.from({ length: 100_000 }, (_, input) => finalize(-input)));
  expect(results.size).toBe(100_000);
  for (const result of results) expect(result).toBe(result >>> 0);
});
