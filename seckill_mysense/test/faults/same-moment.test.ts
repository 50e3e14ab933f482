import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { ledgerKinds, type LedgerPlace } from "../contract/ledger/ledger-places.ts";
import { startPayingShop } from "./paying-shop.ts";

const payWithinMs = 900_000;

for (const kind of ledgerKinds) {
  describe.skipIf(kind.skipped !== "")(`fault 16 on ${kind.name}${kind.skipped}`, () => {
    let place: LedgerPlace;
    let nowMs: number;
    beforeAll(async () => {
      place = await kind.create();
    });
    beforeEach(() => {
      nowMs = Date.now();
    });
    afterAll(() => place?.remove());

    test("orders are paid, expired and cancelled in the same moment: one of them wins, and all other money goes back", async () => {
      await using shop = await startPayingShop(place, () => nowMs);
      await shop.behave({ outcome: "succeed", copies: 3, hold: true });
      const ids = await shop.order(60, payWithinMs);
      nowMs += payWithinMs + 1;
      // Another process, so that cancellations do not share the gateway's transactions.
      const other = place.connect({ now: () => nowMs });
      await shop.behave({ hold: false });
      await Promise.all([
        shop.release(),
        shop.sweeper.sweep(),
        ...ids.filter((_, index) => index % 2 === 0).map((id) => other.orders.cancel(id)),
      ]);
      await waitUntil(async () => (await shop.figures()).unsent === 0, { what: "the callbacks", timeoutMs: 30_000 });
      const states = await Promise.all(ids.map(async (id) => (await shop.ledger.orders.read(id))!.state));
      const paid = states.filter((state) => state === "paid").length;
      expect(states.filter((state) => state === "reserved")).toEqual([]);
      expect(await shop.ledger.payments.readRefunds()).toMatchObject({ waiting: ids.length - paid });
      await shop.verify();

      const keeper = shop.keep();
      await keeper.round();
      await waitUntil(async () => (await shop.figures()).unsent === 0, { what: "the callbacks", timeoutMs: 30_000 });
      await keeper.stop();
      expect(await shop.figures()).toMatchObject({ payments: ids.length, refunded: ids.length - paid });
      expect(await shop.ledger.payments.readRefunds()).toMatchObject({ waiting: 0 });
      await shop.sweeper.sweep();
      await shop.verify();
    }, 60_000);
  });
}
