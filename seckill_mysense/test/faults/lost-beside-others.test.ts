import { describe, expect, test } from "bun:test";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { renderReport } from "../../src/verify/verification-report.ts";
import { verifySale } from "../../src/verify/verify-sale.ts";
import { programServices } from "../roles/program-services.ts";
import { ShopInRoles } from "./shop-in-roles.ts";

describe.skipIf(programServices.missing)(`a lost product beside one that sells${programServices.reason}`, () => {
  test("it is rebuilt while the other one goes on selling, also after a consumer was killed with messages in its hands", async () => {
    await using shop = await ShopInRoles.open({ products: { lamp: 1_000, radio: 1_000_000 } });
    const { ledger } = shop;
    const roles = ["gateway", "relay", "consumer 1", "consumer 2"];
    const [gateway, , dying] = await Promise.all(roles.map((role) => shop.start(role)));
    const buyers = (productId: string, count: number) => shop.buyersOf(productId, count, "crowd").values();
    const queues = { lamp: buyers("lamp", 2_000), radio: buyers("radio", 60_000) };
    const buy = async (productId: keyof typeof queues): Promise<boolean> => {
      const headers = { authorization: `Bearer ${queues[productId].next().value!.token}` };
      return (await fetch(`${gateway!.url}/check?productID=${productId}`, { method: "POST", headers })).status === 202;
    };
    await waitUntil(() => buy("lamp"), { what: "the lamp to sell", timeoutMs: 30_000 });

    let stopped = false;
    let sold = 0;
    const selling = Array.from({ length: 8 }, async () => {
      while (!stopped) {
        if (await buy("radio")) sold++;
        await Bun.sleep(20);
      }
    });
    await using stop = new AsyncDisposableStack();
    stop.defer(async () => {
      stopped = true;
      await Promise.allSettled(selling);
    });
    await waitUntil(() => sold > 500, { what: "the radio to sell", timeoutMs: 30_000 });
    await dying!.process.kill("SIGKILL");
    using redis = shop.redis();
    await redis.del(...(await redis.keys("seckill:{spring:lamp}:*")));
    const before = sold;
    await waitUntil(() => buy("lamp"), { what: "the lamp to sell again", timeoutMs: 40_000, intervalMs: 250 });
    expect(sold).toBeGreaterThan(before);
    stopped = true;
    await Promise.all(selling);
    expect((await ledger.sales.readProduct("lamp"))?.product.epoch).toBe(2);
    const isRecorded = async () => (await ledger.sales.readTotals("radio"))!.reserved === sold;
    await waitUntil(isRecorded, { what: "every radio to be recorded", timeoutMs: 60_000, intervalMs: 250 });
    const report = await verifySale({ saleId: "spring", ledger });
    if (!report.ok) throw new Error(renderReport(report));
  }, 240_000);
});
