import { describe, expect, test } from "bun:test";
import type { Bundle, BundleState } from "../../src/domain/bundle.ts";
import { BrokenBundles } from "../../src/gateway/broken-bundles.ts";
import type { BundleRecord } from "../../src/ledger/bundles.ts";
import { LedgerUnavailableError } from "../../src/ledger/ledger-errors.ts";
import { type Logger, silentLogger } from "../../src/logging/logger.ts";

function bundle(bundleId: string): Bundle {
  return { bundleId, saleId: "spring", userId: "ada", parts: 2 };
}

/** A ledger that answers when the test says so. */
class SlowLedger {
  readonly asked: { readonly id: string; answer(state: BundleState): void; fail(error: Error): void }[] = [];
  record: BundleRecord | undefined;

  giveUp = ({ bundleId: id }: Bundle): Promise<BundleState> => {
    const { promise, resolve, reject } = Promise.withResolvers<BundleState>();
    this.asked.push({ id, answer: resolve, fail: reject });
    return promise;
  };

  read = async (): Promise<BundleRecord | undefined> => this.record;
}

function over(bundles: SlowLedger, logger: Logger = silentLogger): BrokenBundles {
  return new BrokenBundles({ bundles, capacity: 64, maxRunning: 1, maxWaiting: 1, waitMs: 60_000, logger });
}

describe("giving bundles up", () => {
  test("asks the ledger for a few at a time; the others wait, and those beyond the limit are left to it", async () => {
    const ledger = new SlowLedger();
    const broken = over(ledger);
    const states = ["bundle-1", "bundle-2", "bundle-3"].map((id) => broken.giveUp(bundle(id), "sold_out"));
    expect(await states[2]).toBeUndefined();
    expect(ledger.asked.map(({ id }) => id)).toEqual(["bundle-1"]);
    ledger.asked[0]!.answer("broken");
    expect(await states[0]).toBe("broken");
    expect(ledger.asked.map(({ id }) => id)).toEqual(["bundle-1", "bundle-2"]);
    ledger.asked[1]!.answer("complete");
    expect(await states[1]).toBe("complete");
    expect(broken.counts).toEqual({ given_up: 1, complete: 1, failed: 1 });
    expect(["bundle-1", "bundle-2", "bundle-3"].map((id) => broken.knows(id))).toEqual([true, false, false]);
    // The places are free again.
    const later = broken.giveUp(bundle("bundle-4"), "sold_out");
    ledger.asked[2]!.answer("broken");
    expect(await later).toBe("broken");
  });

  test("fails quietly while the ledger is away, and logs any other error", async () => {
    const logged: string[] = [];
    const ledger = new SlowLedger();
    const broken = over(ledger, { ...silentLogger, error: (message) => void logged.push(message) });
    const away = broken.giveUp(bundle("bundle-1"), "sold_out");
    ledger.asked[0]!.fail(new LedgerUnavailableError("away"));
    expect(await away).toBeUndefined();
    expect(logged).toEqual([]);
    const odd = broken.giveUp(bundle("bundle-2"), "sold_out");
    ledger.asked[1]!.fail(new Error("odd"));
    expect(await odd).toBeUndefined();
    expect(logged).toEqual(["a bundle cannot be given up"]);
    expect(broken.counts.failed).toBe(2);
  });

  test("is remembered, and found in the ledger if another gateway did it", async () => {
    const ledger = new SlowLedger();
    const broken = over(ledger);
    expect(await broken.isBroken("bundle-1")).toBe(false);
    ledger.record = { ...bundle("bundle-1"), state: "collecting", orders: [] };
    expect(await broken.isBroken("bundle-1")).toBe(false);
    ledger.record = { ...ledger.record, state: "broken" };
    expect(broken.knows("bundle-1")).toBe(false);
    expect(await broken.isBroken("bundle-1")).toBe(true);
    expect(broken.knows("bundle-1")).toBe(true);
    ledger.read = () => Promise.reject(new LedgerUnavailableError("away"));
    expect(await broken.isBroken("bundle-1")).toBe(true);
    expect(await broken.isBroken("bundle-2")).toBe(false);
  });
});
