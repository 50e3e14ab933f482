import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { ledgerKinds, type LedgerPlace } from "../contract/ledger/ledger-places.ts";
import { startPayingShop, type PayingShop } from "./paying-shop.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const askForMs = 24 * hourMs;

for (const kind of ledgerKinds) {
  describe.skipIf(kind.skipped !== "")(
    `fault 33: callbacks lost for an hour, then all at once, on ${kind.name}`,
    () => {
      let place: LedgerPlace;
      let nowMs: number;
      beforeAll(async () => {
        place = await kind.create();
      });
      beforeEach(() => {
        nowMs = Date.now();
      });
      afterAll(() => place?.remove());

      const allSent = (shop: PayingShop) =>
        waitUntil(
          async () => {
            const { held, unsent } = await shop.figures();
            return held === 0 && unsent === 0;
          },
          { what: "the callbacks to arrive", timeoutMs: 30_000 },
        );
      const states = async ({ ledger }: PayingShop, ids: readonly string[]) =>
        new Set(await Promise.all(ids.map(async (id) => (await ledger.orders.read(id))!.state)));

      test("orders that still hold their units are paid, and the money of all others goes back once", async () => {
        await using shop = await startPayingShop(place, () => nowMs);
        await shop.behave({ outcome: "fail_then_succeed", copies: 3, reversed: true, hold: true });
        const short = await shop.order(30, 15 * minuteMs);
        const long = await shop.order(30, 2 * hourMs);
        nowMs += hourMs;
        await shop.sweeper.sweep();
        expect(await states(shop, short)).toEqual(new Set(["expired"]));
        expect(await shop.figures()).toMatchObject({ payments: 60, held: 360 });
        await shop.verify();

        // From now on the callbacks of refunds are not held back.
        await shop.behave({ hold: false });
        await shop.release();
        await allSent(shop);
        expect(await states(shop, short)).toEqual(new Set(["expired"]));
        expect(await states(shop, long)).toEqual(new Set(["paid"]));
        expect(await shop.ledger.payments.readRefunds()).toMatchObject({ waiting: 30, failing: 0 });
        await shop.verify();

        const keepers = [shop.keep(), shop.keep()];
        await Promise.all(keepers.map((keeper) => keeper.round()));
        await allSent(shop);
        for (const keeper of keepers) await keeper.stop();
        expect(await shop.figures()).toMatchObject({ refunded: 30 });
        expect(await shop.ledger.payments.readRefunds()).toMatchObject({ waiting: 0 });
        expect((await shop.ledger.sales.readTotals(shop.product.id))!).toMatchObject({ reserved: 0, sold: 30 });
        await shop.verify();
      }, 60_000);

      test("a keeper that asks the provider finds out meanwhile, and the late callbacks change nothing", async () => {
        await using shop = await startPayingShop(place, () => nowMs);
        await shop.behave({ outcome: "succeed", copies: 2, hold: true });
        const ids = await shop.order(20, 15 * minuteMs);
        const keeper = shop.keep();
        await keeper.round();
        expect(await states(shop, ids)).toEqual(new Set(["reserved"]));
        nowMs += minuteMs;
        expect(await keeper.round()).toEqual({ decided: 20, refunded: 0, failed: 0 });
        expect(await states(shop, ids)).toEqual(new Set(["paid"]));
        nowMs += hourMs;
        await shop.sweeper.sweep();
        await shop.release();
        await allSent(shop);
        await keeper.round();
        await keeper.stop();
        expect(await states(shop, ids)).toEqual(new Set(["paid"]));
        expect(await shop.figures()).toMatchObject({ refunded: 0, sent: 40 });
        await shop.verify();
      }, 60_000);

      test("a success after a failed try, whose callback is lost, is found by asking", async () => {
        await using shop = await startPayingShop(place, () => nowMs);
        await shop.behave({ outcome: "fail" });
        const ids = await shop.order(5, 15 * minuteMs);
        await allSent(shop);
        const failed = await shop.payments(ids);
        expect(new Set(failed.map(({ state }) => state))).toEqual(new Set(["failed"]));
        await shop.behave({ hold: true });
        for (const { payUrl } of failed) await fetch(payUrl!, { method: "POST", body: "outcome=succeeded" });
        nowMs += minuteMs;
        const keeper = shop.keep();
        expect(await keeper.round()).toMatchObject({ decided: 5, failed: 0 });
        await keeper.stop();
        expect(await states(shop, ids)).toEqual(new Set(["paid"]));
        await shop.verify();
      });

      test("an abandoned payment is ended at the provider, and asked about no more", async () => {
        await using shop = await startPayingShop(place, () => nowMs);
        await shop.behave({ outcome: "wait" });
        const ids = await shop.order(2, 15 * minuteMs);
        const [open] = await shop.payments(ids);
        const keeper = shop.keep();
        const asked = async (): Promise<number> => {
          const before = (await shop.figures()).asked;
          await keeper.round();
          return (await shop.figures()).asked - before;
        };
        nowMs += hourMs;
        expect(await asked()).toBe(2);
        nowMs += askForMs;
        expect(await asked()).toBe(2);
        expect(new Set((await shop.payments(ids)).map(({ state }) => state))).toEqual(new Set(["failed"]));
        const late = await fetch(open!.payUrl!, { method: "POST", body: "outcome=succeeded" });
        expect(late.status).toBe(409);
        nowMs += askForMs;
        expect(await asked()).toBe(0);
        await keeper.stop();
        await shop.verify();
      });

      test("a refund whose answer is lost is asked for again, and paid once", async () => {
        await using shop = await startPayingShop(place, () => nowMs);
        await shop.behave({ outcome: "succeed", hold: true, refunds: "lose" });
        const [id] = (await shop.order(1, 15 * minuteMs)) as [string];
        await shop.ledger.orders.cancel(id);
        nowMs += minuteMs;
        const keeper = shop.keep();
        // The first round asks about the payment, the next one sends its refund.
        await keeper.round();
        expect(await keeper.round()).toMatchObject({ refunded: 0, failed: 1 });
        expect(await shop.ledger.payments.readRefunds()).toMatchObject({ waiting: 1, failing: 1 });
        await shop.behave({ refunds: "answer" });
        expect(await keeper.round()).toMatchObject({ refunded: 0, failed: 0 });
        nowMs += minuteMs;
        expect(await keeper.round()).toMatchObject({ refunded: 1, failed: 0 });
        await keeper.stop();
        expect(await shop.figures()).toMatchObject({ refunded: 1 });
        await shop.verify();
      });
    },
  );
}
