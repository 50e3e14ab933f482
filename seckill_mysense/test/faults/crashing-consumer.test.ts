import { describe, expect, test } from "bun:test";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { programServices } from "../roles/program-services.ts";
import { ShopInRoles } from "./shop-in-roles.ts";

describe.skipIf(programServices.missing)(`a consumer that crashes again and again${programServices.reason}`, () => {
  test("does not keep a lost product closed, and no buyer loses a reservation", async () => {
    await using shop = await ShopInRoles.open({ products: { lamp: 100 } });
    await Promise.all(["gateway", "relay", "consumer 1"].map((role) => shop.start(role)));
    const crowd = await shop.crowd("lamp", shop.buyersOf("lamp", 40, "early"));
    expect(crowd.held.size).toBe(40);
    let isOver = false;
    let crashes = 0;
    const crashing = (async (): Promise<void> => {
      while (!isOver) {
        await shop.start("consumer 2");
        await Bun.sleep(1_000);
        await shop.program("consumer 2").process.kill("SIGKILL");
        crashes++;
      }
    })();
    try {
      const is = (count: number) => async () => crashes >= count;
      await waitUntil(is(2), { what: "two crashes", timeoutMs: 30_000 });
      using redis = shop.redis();
      await redis.del(...(await redis.keys("seckill:{spring:lamp}:*")));
      const isRebuilt = async () => (await shop.ledger.sales.readProduct("lamp"))!.product.epoch === 2;
      await waitUntil(isRebuilt, { what: "the gate to be rebuilt", timeoutMs: 40_000 });
    } finally {
      isOver = true;
      await crashing;
    }
    expect(await shop.hear(crowd)).toBe(40);
    await shop.untilVerified({ demandLeft: false });
  }, 120_000);
});
