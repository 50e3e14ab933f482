import { describe, expect, test } from "bun:test";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { programServices } from "../roles/program-services.ts";
import type { Buyer } from "../simulation/crowd.ts";
import { ShopInRoles } from "./shop-in-roles.ts";

describe.skipIf(programServices.missing)(`a lost product beside one that sells${programServices.reason}`, () => {
  test("it is rebuilt while the other one goes on selling, also after a consumer was killed with messages in its hands", async () => {
    await using shop = await ShopInRoles.open({ products: { lamp: 1_000, radio: 1_000_000 } });
    const { ledger } = shop;
    const roles = ["gateway", "relay", "consumer 1", "consumer 2"];
    const [gateway, , dying] = await Promise.all(roles.map((role) => shop.start(role)));
    const crowdOf = (productId: string, count: number) => {
      return { next: shop.buyersOf(productId, count, "crowd").values(), held: new Map<Buyer, string>() };
    };
    const crowds = { lamp: crowdOf("lamp", 2_000), radio: crowdOf("radio", 60_000) };
    const buy = async (productId: keyof typeof crowds): Promise<boolean> => {
      const { next, held } = crowds[productId];
      const buyer = next.next().value!;
      const headers = { authorization: `Bearer ${buyer.token}` };
      const answer = await fetch(`${gateway!.url}/check?productID=${productId}`, { method: "POST", headers });
      const { reservation } = (await answer.json()) as { reservation: string };
      if (answer.status === 202) held.set(buyer, reservation);
      return answer.status === 202;
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
    const hear = (productId: keyof typeof crowds): Promise<number> => {
      const { held } = crowds[productId];
      return shop.hear({ productId, buyers: [...held.keys()], held });
    };
    expect(await hear("radio")).toBe(sold);
    // A reservation that was on its way when the lamp was lost may be lost with it.
    expect(await hear("lamp")).toBeGreaterThan(0);
    await shop.untilVerified({ demandLeft: false });
  }, 240_000);
});
