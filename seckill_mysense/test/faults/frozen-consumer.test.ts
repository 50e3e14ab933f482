import { describe, expect, test } from "bun:test";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { programServices } from "../roles/program-services.ts";
import { type Crowd, ShopInRoles } from "./shop-in-roles.ts";

/** The broker ends the connection of a frozen process after 10 to 15 s. */
const heardWithinMs = 40_000;

/** Freezes one of two consumers before buyers come: the broker gives it half of their reservations. */
async function sellWhileFrozen(shop: ShopInRoles, name: string, before: number): Promise<Crowd> {
  await shop.program("consumer 1").process.kill("SIGSTOP");
  const crowd = await shop.crowd("lamp", shop.buyersOf("lamp", 40, name));
  expect(crowd.held.size).toBe(40);
  const recorded = async () => (await shop.ledger.sales.readTotals("lamp"))!.reserved - before;
  // What the other consumer got is recorded. The rest is in the hands of the frozen one, and not in the queue.
  await waitUntil(async () => (await recorded()) === 20 && (await shop.queue.depth()).ready === 0, {
    what: "half of the reservations to be recorded, and none to be in the queue",
    timeoutMs: heardWithinMs,
  });
  return crowd;
}

describe.skipIf(programServices.missing)(
  `a consumer that is frozen with messages in its hands${programServices.reason}`,
  () => {
    test("no buyer loses a reservation that it holds: neither of a gate that is complete nor of one that is rebuilt", async () => {
      await using shop = await ShopInRoles.open({ products: { lamp: 100 } });
      await Promise.all(["gateway", "relay", "consumer 1", "consumer 2"].map((role) => shop.start(role)));
      // The broker shares out among those that are subscribed.
      const areSubscribed = async () => (await shop.queue.depth()).consumers === 2;
      await waitUntil(areSubscribed, { what: "both consumers", timeoutMs: 20_000 });
      const early = await sellWhileFrozen(shop, "early", 0);
      const isRecorded = async () => (await shop.ledger.sales.readTotals("lamp"))!.reserved === 40;
      await waitUntil(isRecorded, { what: "what the frozen consumer held", timeoutMs: heardWithinMs });
      await shop.program("consumer 1").process.kill("SIGCONT");
      expect(await shop.hear(early)).toBe(40);
      // The gate had lost nothing, and so was not rebuilt.
      expect((await shop.ledger.sales.readProduct("lamp"))?.product.epoch).toBe(1);

      // The consumer reconnects.
      await waitUntil(areSubscribed, { what: "both consumers again", timeoutMs: 20_000 });
      const late = await sellWhileFrozen(shop, "late", 40);
      using redis = shop.redis();
      await redis.del(...(await redis.keys("seckill:{spring:lamp}:*")));
      const isRebuilt = async () => (await shop.ledger.sales.readProduct("lamp"))!.product.epoch === 2;
      await waitUntil(isRebuilt, { what: "the gate to be rebuilt", timeoutMs: heardWithinMs });
      await shop.program("consumer 1").process.kill("SIGCONT");
      expect(await shop.hear(late)).toBe(40);
      await shop.untilVerified({ demandLeft: false });
    }, 180_000);
  },
);
