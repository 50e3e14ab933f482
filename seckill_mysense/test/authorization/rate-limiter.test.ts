import { describe, expect, test } from "bun:test";
import { RateLimiter } from "../../src/authorization/rate-limiter.ts";

describe("the rate limiter", () => {
  test("lets a burst pass, then one request per interval", () => {
    const limiter = new RateLimiter({ ratePerSecond: 10, burst: 3 }, 1_024);
    const startMs = 1_000_000;
    expect([0, 0, 0].map(() => limiter.take("ada", startMs))).toEqual([0, 0, 0]);
    expect(limiter.take("ada", startMs)).toBe(100);
    expect(limiter.take("ada", startMs + 99)).toBe(1);
    expect(limiter.take("ada", startMs + 100)).toBe(0);
    expect(limiter.take("ada", startMs + 100)).toBe(100);
  });

  test("what was refused does not count", () => {
    const limiter = new RateLimiter({ ratePerSecond: 1, burst: 1 }, 1_024);
    limiter.take("ada", 0);
    for (let repeat = 0; repeat < 100; repeat++) expect(limiter.take("ada", 500)).toBe(500);
    expect(limiter.take("ada", 1_000)).toBe(0);
  });

  describe("whose wait grows", () => {
    const growing = { ratePerSecond: 1, burst: 2, mostWaitMs: 5_000 };

    test("counts what is refused, up to the longest wait", () => {
      const limiter = new RateLimiter(growing, 1_024);
      for (let index = 0; index < 2; index++) expect(limiter.take("bot", 0)).toBe(0);
      expect(Array.from({ length: 6 }, () => limiter.take("bot", 0))).toEqual([2, 3, 4, 5, 5, 5].map((s) => s * 1_000));
      expect(limiter.take("bot", 4_000)).toBe(2_000);
    });

    test("lets in whoever waits as long as it was told", () => {
      const limiter = new RateLimiter(growing, 1_024);
      let waitMs = 0;
      for (let index = 0; index < 5; index++) waitMs = limiter.take("ada", 0);
      expect(limiter.take("ada", waitMs)).toBe(0);
    });

    test("does not grow for others, nor by a look", () => {
      const limiter = new RateLimiter(growing, 65_536);
      for (let index = 0; index < 5; index++) limiter.take("bot", 0);
      for (let index = 0; index < 5; index++) expect(limiter.peek("bot", 0)).toBe(4_000);
      expect(limiter.take("ada", 0)).toBe(0);
    });
  });

  test("after a long pause there is one burst, not more", () => {
    const limiter = new RateLimiter({ ratePerSecond: 10, burst: 2 }, 1_024);
    limiter.take("ada", 0);
    const results = [0, 1, 2].map(() => limiter.take("ada", 1_000_000));
    expect(results).toEqual([0, 0, 100]);
  });

  test("keys do not share their limit", () => {
    const limiter = new RateLimiter({ ratePerSecond: 1, burst: 1 }, 65_536);
    for (let user = 0; user < 1_000; user++) expect(limiter.take(`user-${user}`, 0)).toBe(0);
    for (let user = 0; user < 1_000; user++) expect(limiter.take(`user-${user}`, 0)).toBe(1_000);
  });

  test("a flood of keys beyond its table makes it more lenient, never stricter", () => {
    const limiter = new RateLimiter({ ratePerSecond: 1, burst: 1 }, 64);
    for (let user = 0; user < 10_000; user++) expect(limiter.take(`user-${user}`, 0)).toBe(0);
  });

  test("among many keys the one that is closest to its limit is not forgotten", () => {
    const limiter = new RateLimiter({ ratePerSecond: 1, burst: 100 }, 8);
    for (let request = 0; request < 100; request++) limiter.take("greedy", 0);
    for (let user = 0; user < 1_000; user++) limiter.take(`user-${user}`, 0);
    expect(limiter.take("greedy", 0)).toBeGreaterThan(0);
  });

  test("a rate of zero is no limit", () => {
    const limiter = new RateLimiter({ ratePerSecond: 0, burst: 1 }, 1_024);
    expect(limiter.isOff).toBe(true);
    for (let request = 0; request < 100; request++) expect(limiter.take("ada", 0)).toBe(0);
  });
});
