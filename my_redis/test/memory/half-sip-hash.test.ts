import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { HalfSipHash } from "../../src/memory/half-sip-hash.ts";

describe("HalfSipHash", () => {
  test("depends only on the given bytes, not on those around them", () => {
    const hasher = new HalfSipHash(123, 456);
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), fc.uint8Array(), (before, key, after) => {
        const within = Buffer.concat([before, key, after]);
        const hash = hasher.hash(within, before.length, before.length + key.length);
        expect(hash).toBe(hasher.hash(key, 0, key.length));
        expect(hash | 0).toBe(hash);
      }),
    );
  });

  test("differs by the process's key, and spreads similar keys over all bits", () => {
    const [one, other] = [new HalfSipHash(1, 2), new HalfSipHash(1, 3)];
    const buckets = new Uint32Array(256);
    let same = 0;
    for (let number = 0; number < 25_600; number++) {
      const key = Buffer.from(`key:${number}`);
      const hash = one.hash(key, 0, key.length);
      if (hash === other.hash(key, 0, key.length)) same++;
      buckets[hash & 255] = (buckets[hash & 255] as number) + 1;
    }
    expect(same).toBeLessThan(5);
    for (const count of buckets) expect(Math.abs(count - 100)).toBeLessThan(60);
  });
});
