import { describe, expect, test } from "bun:test";
import { RetryPause } from "../index.ts";

describe("pauses between attempts", () => {
  test("double from the first to the longest, and no attempt is due before its pause has passed", () => {
    const retry = new RetryPause({ firstMs: 40, longestMs: 300 });
    expect(retry.isDue(0)).toBe(true);
    const pauses: number[] = [];
    for (let nowMs = 1000, attempt = 0; attempt < 5; attempt++) {
      retry.failed(nowMs);
      pauses.push(retry.pauseMs);
      expect(retry.isDue(nowMs + retry.pauseMs - 1)).toBe(false);
      nowMs += retry.pauseMs;
      expect(retry.isDue(nowMs)).toBe(true);
    }
    expect(pauses).toEqual([40, 80, 160, 300, 300]);
  });

  test("do not grow while the outage is recent", () => {
    const retry = new RetryPause({ firstMs: 250, longestMs: 1000, steadyMs: 60_000 });
    const pauseAt = (nowMs: number): number => {
      retry.failed(nowMs);
      return retry.pauseMs;
    };
    expect([0, 30_000, 59_999, 60_000, 61_000, 62_000].map(pauseAt)).toEqual([250, 250, 250, 500, 1000, 1000]);
  });

  test("begin anew after the peer was reached", () => {
    const retry = new RetryPause({ firstMs: 40, longestMs: 300 });
    for (let attempt = 0; attempt < 4; attempt++) retry.failed(0);
    retry.reset();
    expect(retry.isDue(0)).toBe(true);
    retry.failed(0);
    expect(retry.pauseMs).toBe(40);
  });
});
