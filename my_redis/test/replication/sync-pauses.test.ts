import { expect, test } from "bun:test";
import { SyncPauses } from "../../src/replication/sync-pauses.ts";

test("a replica that is always too slow gets ever fewer full synchronisations", () => {
  const pauses = new SyncPauses();
  const lastedMs = 10_000;
  let nowMs = 0;
  let synchronisations = 0;
  while (nowMs < 24 * 3_600_000) {
    expect(pauses.leftMs("replica", nowMs)).toBe(0);
    synchronisations++;
    nowMs += lastedMs;
    nowMs += pauses.failed("replica", { isTooSlow: true, lastedMs, nowMs });
  }
  expect(synchronisations).toBeLessThan(14);
  expect(pauses.leftMs("replica", nowMs - 1)).toBe(1);
  expect(pauses.leftMs("another", 0)).toBe(0);
});

test("after connections that were cut, a replica waits longer each time, so that it does not keep its primary busy", () => {
  const pauses = new SyncPauses();
  const lastedMs = 10_000;
  let nowMs = 0;
  for (let failures = 1; failures <= 100; failures++) {
    nowMs += lastedMs;
    expect(pauses.failed("replica", { isTooSlow: false, lastedMs, nowMs })).toBe(failures * lastedMs);
    nowMs += failures * lastedMs;
  }
  expect((100 * lastedMs) / nowMs).toBeLessThan(0.02);
});

test("the count of failures starts over when the replica has kept up for longer than its last pause", () => {
  const pauses = new SyncPauses();
  const failure = { isTooSlow: true, lastedMs: 1000, nowMs: 0 };
  expect(pauses.failed("replica", failure)).toBe(2000);
  pauses.keptUp("replica", 1999);
  expect(pauses.failed("replica", failure)).toBe(4000);
  pauses.keptUp("replica", 4001);
  expect(pauses.failed("replica", failure)).toBe(2000);
});
