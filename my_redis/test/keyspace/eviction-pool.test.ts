import { expect, test } from "bun:test";
import fc from "fast-check";
import { EvictionPool } from "../../src/keyspace/eviction-pool.ts";

const scoresOf = (pool: EvictionPool): number[] => {
  const scores: number[] = [];
  for (let best = pool.takeBest(); best !== undefined; best = pool.takeBest()) scores.push(best.score);
  return scores;
};

test("the pool of candidates keeps the sixteen best of all offered ones, the best first", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -50, max: 50 }), { maxLength: 60 }), (scores) => {
      const pool = new EvictionPool();
      for (const [at, score] of scores.entries()) pool.offer(0, at, at + 1, score);
      expect(scoresOf(pool)).toEqual(scores.toSorted((one, other) => other - one).slice(0, 16));
      expect(pool.takeBest()).toBeUndefined();
    }),
  );
});

test("the pool of candidates knows which key belongs to which score", () => {
  const pool = new EvictionPool();
  for (let at = 1; at <= 40; at++) pool.offer(at % 3, -at, at * 8, (at * 17) % 41);
  for (let best = pool.takeBest(); best !== undefined; best = pool.takeBest()) {
    const at = best.address / 8;
    expect([best.database, best.hash, best.score]).toEqual([at % 3, -at, (at * 17) % 41]);
  }
});

test("the pool of candidates accepts a key only once, and can be cleared", () => {
  const pool = new EvictionPool();
  pool.offer(0, 1, 8, 5);
  pool.offer(0, 1, 8, 5);
  pool.offer(1, 1, 8, 4);
  expect(scoresOf(pool)).toEqual([5, 4]);
  pool.offer(0, 1, 8, 5);
  pool.clear();
  expect(pool.takeBest()).toBeUndefined();
});
