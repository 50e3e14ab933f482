import { describe, expect, test } from "bun:test";
import { backoffMs } from "../../src/time/backoff.ts";
import { pause } from "../../src/time/pause.ts";
import { retryUntilStopped } from "../../src/time/retry-until-stopped.ts";

const backoff = { firstMs: 1, maxMs: 4 };

describe("retrying until stopped", () => {
  test("repeats after any error, and tells the number of failures", async () => {
    const { signal } = new AbortController();
    const errors = [new TypeError("no function"), new Error("away"), new RangeError("too far")];
    const seen: [unknown, number][] = [];
    const left = [...errors];
    const attempt = async (): Promise<string> => {
      const error = left.shift();
      if (error !== undefined) throw error;
      return "value";
    };
    const onFailure = (error: unknown, failures: number): void => void seen.push([error, failures]);
    const outcome = await retryUntilStopped(attempt, { backoff, signal, onFailure });
    expect(outcome).toEqual({ kind: "done", value: "value", failures: 3 });
    expect(seen).toEqual(errors.map((error, index) => [error, index + 1]));
  });

  test("ends at once when it is stopped in a pause", async () => {
    const stopping = new AbortController();
    const startedMs = performance.now();
    const outcome = await retryUntilStopped(() => Promise.reject(new Error("away")), {
      backoff: { firstMs: 60_000, maxMs: 60_000 },
      signal: stopping.signal,
      onFailure: () => setTimeout(() => stopping.abort(), 5),
    });
    expect(outcome).toEqual({ kind: "stopped" });
    expect(performance.now() - startedMs).toBeLessThan(10_000);
  });

  test("keeps the result of an attempt that was under way when it was stopped", async () => {
    const stopping = new AbortController();
    const attempt = async (): Promise<string> => {
      stopping.abort();
      await Bun.sleep(1);
      return "value";
    };
    const outcome = await retryUntilStopped(attempt, { backoff, signal: stopping.signal, onFailure: () => {} });
    expect(outcome).toEqual({ kind: "done", value: "value", failures: 0 });
  });

  test("tries once when it is stopped already", async () => {
    let attempts = 0;
    const attempt = (): Promise<never> => {
      attempts++;
      return Promise.reject(new Error("away"));
    };
    const signal = AbortSignal.abort();
    expect(await retryUntilStopped(attempt, { backoff, signal, onFailure: () => {} })).toEqual({ kind: "stopped" });
    expect(attempts).toBe(1);
  });
});

describe("the back-off", () => {
  test("doubles from the first pause to the longest", () => {
    const pauses = [1, 2, 3, 4, 5, 1_000].map((failures) => backoffMs(failures, { firstMs: 25, maxMs: 200 }));
    expect(pauses).toEqual([25, 50, 100, 200, 200, 200]);
  });

  test("is spread over its upper half by the randomness that is handed in", () => {
    const limits = { firstMs: 100, maxMs: 1_000 };
    expect(backoffMs(2, { ...limits, random: () => 0 })).toBe(100);
    expect(backoffMs(2, { ...limits, random: () => 0.5 })).toBe(150);
  });
});

test("a pause ends with its signal, and one that begins later at once", async () => {
  const stopping = new AbortController();
  const waiting = pause(60_000, stopping.signal);
  stopping.abort();
  await waiting;
  await pause(60_000, stopping.signal);
});
