import { describe, expect, test } from "bun:test";
import { HealthBoard } from "../../src/health/health-board.ts";
import { GateClock } from "../../src/gateway/gate-clock.ts";
import { startGateway } from "../../src/gateway/gateway.ts";
import { silentLogger } from "../../src/logging/logger.ts";
import { checkSettings } from "../../src/settings/load-settings.ts";
import { buyerWithToken } from "../fakes/test-buyer.ts";
import { MemoryGate } from "../fakes/memory-gate.ts";
import { testProduct, testSecret } from "../fakes/test-gateway.ts";
import { openTestLedger } from "../fakes/test-ledger.ts";

/** A gateway whose clock differs from the gate's by this much, with a sale that starts and ends at these moments. */
async function withClocks(
  { offByMs, startsInMs, endsInMs }: { offByMs: number; startsInMs: number; endsInMs: number },
  work: (url: string, moveMs: (byMs: number) => void, setClockMs: (byMs: number) => void) => Promise<void>,
): Promise<void> {
  // The clocks stand still but for what the test moves them, so that a slow machine changes no answer.
  let movedMs = 0;
  let setMs = 0;
  const begunMs = Date.now();
  const gateNow = (): number => begunMs + movedMs;
  const now = (): number => gateNow() + offByMs + setMs;
  const gate = new MemoryGate(gateNow);
  const ledger = await openTestLedger(now);
  const sale = {
    ...{ id: "spring", title: "Spring" },
    ...{ startsAtMs: gateNow() + startsInMs, endsAtMs: gateNow() + endsInMs },
  };
  await ledger.sales.create(sale, [testProduct]);
  await gate.arm(sale, testProduct, testProduct.total);
  const settings = checkSettings({ backend: { host: "127.0.0.1", api_port: 0 } }, "/");
  const gateway = await startGateway({
    ...{ gate, ledger, settings, secrets: [testSecret], logger: silentLogger, now, elapsedMs: gateNow },
    health: new HealthBoard({ logger: silentLogger, now }),
  });
  await work(
    `http://127.0.0.1:${gateway.port}`,
    (byMs) => (movedMs += byMs),
    (byMs) => (setMs += byMs),
  );
  await gateway.stop(1_000);
  await ledger.close();
}

describe("clocks that are off by five seconds", () => {
  test("a gateway that is behind lets its buyers in when the gate opens, and the page counts down to that moment", async () => {
    await withClocks({ offByMs: -5_000, startsInMs: 20_000, endsInMs: 60_000 }, async (url, moveMs) => {
      const [buyer, token] = await buyerWithToken(url, "Ada", testProduct.id);
      expect((await buyer.check(testProduct.id, token)).status).toBe(425);
      moveMs(20_001);
      expect((await buyer.check(testProduct.id, token)).status).toBe(202);
      const { serverTimeMs, sales } = (await buyer.send("GET", "/api/sales")).body;
      expect(serverTimeMs).toBeGreaterThanOrEqual(sales[0].startsAtMs);
    });
  });

  test("a gateway that is ahead sends nobody to the gate too early, and gives tokens until the gate's end", async () => {
    await withClocks({ offByMs: 5_000, startsInMs: 4_000, endsInMs: 60_000 }, async (url, moveMs) => {
      const [buyer, token] = await buyerWithToken(url, "Ada", testProduct.id);
      const early = await buyer.check(testProduct.id, token);
      expect([early.status, early.body.retryAfterSeconds]).toEqual([425, 4]);
      moveMs(57_000);
      const [late, lateToken] = await buyerWithToken(url, "Bob", testProduct.id);
      expect((await late.check(testProduct.id, lateToken)).status).toBe(202);
    });
  });

  test("the offset of the fastest answer counts, and is measured anew from time to time", () => {
    const clock = new GateClock({ now: () => 1_000, elapsedMs: () => 1_000 });
    expect(clock.now()).toBe(1_000);
    clock.note(6_050, 1_000, 1_100);
    expect(clock.now()).toBe(6_000);
    clock.note(6_900, 1_200, 2_200);
    expect(clock.now()).toBe(6_000);
    clock.note(7_001, 2_000, 2_002);
    expect(clock.now()).toBe(6_000);
    clock.note(50_000, 40_000, 41_000);
    expect(clock.now()).toBe(10_500);
  });

  test("a slow answer counts at once where the offset of the fastest one cannot be", () => {
    const clock = new GateClock({ now: () => 1_000, elapsedMs: () => 1_000 });
    clock.note(6_050, 1_000, 1_100);
    clock.note(3_606_700, 1_200, 2_200);
    expect(clock.now()).toBe(3_606_000);
  });
});

describe("a gateway whose clock is set while it runs", () => {
  for (const [direction, byMs] of [
    ["back", -3_600_000],
    ["forward", 3_600_000],
  ] as const) {
    test(`an hour ${direction} turns nobody away while the sale is on`, async () => {
      await withClocks({ offByMs: 0, startsInMs: 20_000, endsInMs: 60_000 }, async (url, moveMs, setClockMs) => {
        const [buyer, token] = await buyerWithToken(url, "Ada", testProduct.id);
        moveMs(20_001);
        setClockMs(byMs);
        expect((await buyer.check(testProduct.id, token)).status).toBe(202);
      });
    });
  }
});
