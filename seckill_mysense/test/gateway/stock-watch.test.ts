import { describe, expect, test } from "bun:test";
import type { GateStatus } from "../../src/gate/gate.ts";
import type { CatalogueProduct } from "../../src/gateway/catalogue-product.ts";
import { GateClock } from "../../src/gateway/gate-clock.ts";
import { ProductHealth } from "../../src/gateway/product-health.ts";
import { RefusedReservations, SoldOutHint } from "../../src/gateway/sold-out-hint.ts";
import { StockWatch } from "../../src/gateway/stock-watch.ts";
import { silentLogger } from "../../src/logging/logger.ts";
import { systemClock } from "../../src/time/clock.ts";
import { testProduct } from "../fakes/test-gateway.ts";

const products = 2_000;

function entryOf(number: number): CatalogueProduct {
  const id = `product-${number}`;
  const sale = { id: "spring", startsAtMs: 0, endsAtMs: 1, state: "published" } as unknown as CatalogueProduct["sale"];
  const product = { ...testProduct, id, paused: false, revision: 1, lowering: undefined };
  const known = { available: null, returns: 0, isDue: true, isClosed: false, isAsked: false, sequence: 0, buckets: [] };
  return { ...known, sale, product, soldOut: new SoldOutHint(new RefusedReservations(16), 1_000) };
}

const selling: GateStatus = {
  ...{ epoch: 1, open: true, available: 2, total: 2, startsAtMs: 0, endsAtMs: 1, sequence: 0, verified: true },
  ...{ repairLeaseMs: 0, nowMs: 0, outboxLength: 0, returns: 0, version: 1, paused: false, waiting: false },
};

function watchOf(status: (productId: string) => Promise<GateStatus | undefined>) {
  let asked = 0;
  const health = new ProductHealth(silentLogger);
  const watch = new StockWatch({
    gate: {
      status: (_sale, product) => {
        asked++;
        return status(product);
      },
    },
    gateWatch: undefined,
    gateClock: new GateClock(systemClock),
    amend: () => Promise.reject(new Error("nothing is to be amended")),
    health: { ok() {}, degraded() {}, down() {} },
    products: health,
    elapsedMs: () => 0,
  });
  const takeAsked = (): number => {
    const before = asked;
    asked = 0;
    return before;
  };
  return { watch, health, takeAsked };
}

describe("the watch of the stock", () => {
  test("learns within a few rounds that thousands of closed gates sell again", async () => {
    let isArmed = false;
    const { watch, health } = watchOf(async () => (isArmed ? selling : undefined));
    const live = Array.from({ length: products }, (_, number) => entryOf(number));
    for (let round = 0; round < 8; round++) await watch.round(live);
    expect(health.notWell).toBe(products);
    isArmed = true;
    for (let round = 0; round < 4; round++) await watch.round(live);
    expect(health.notWell).toBe(0);
  });

  test("asks for few products in a round whose questions failed", async () => {
    const { watch, health, takeAsked } = watchOf(async (id) => {
      if (id === "product-0") return selling;
      throw new Error("no answer");
    });
    const live = Array.from({ length: products }, (_, number) => entryOf(number));
    for (let round = 0; round < 12; round++) await watch.round(live);
    expect(health.notWell).toBe(products - 1);
    takeAsked();
    await watch.round(live);
    expect(takeAsked()).toBeLessThan(40);
  });

  test("does not let closed gates keep it from new products", async () => {
    const { watch, health } = watchOf(async (id) => (id.startsWith("late") ? selling : undefined));
    const live = Array.from({ length: products }, (_, number) => entryOf(number));
    for (let round = 0; round < 8; round++) await watch.round(live);
    expect(health.notWell).toBe(products);
    const late = { ...entryOf(0), product: { ...entryOf(0).product, id: "late" } };
    await watch.round([...live, late]);
    expect(late.available).toBe(2);
  });
});
