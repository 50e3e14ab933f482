import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { AcceptedReservation, ReserveOutcome } from "../../../src/domain/reservation.ts";
import type { SaleProduct } from "../../../src/domain/sale.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { acceptBundle, createShelf, windows, type AcceptedBundle } from "./bundle-fixtures.ts";
import { ledgerKinds, type LedgerPlace } from "./ledger-places.ts";

for (const kind of ledgerKinds) {
  describe.skipIf(kind.skipped !== "")(`bundles where the ledger decides, on ${kind.name}${kind.skipped}`, () => {
    let place: LedgerPlace;
    let ledgers: Ledger[];
    let ledger: Ledger;

    beforeAll(async () => {
      place = await kind.create();
      ledgers = Array.from({ length: 4 }, () => place.connect());
      ledger = ledgers[0]!;
      await ledger.migrate();
    });
    afterAll(() => place?.remove());

    const reserve = (part: AcceptedReservation, by = ledger): Promise<ReserveOutcome> => {
      const { epoch: _, acceptedAtMs: __, ...request } = part;
      return by.reservations.reserve({ ...request, minEpoch: 1, ...windows });
    };
    const stateOf = async ({ bundleId }: AcceptedBundle): Promise<unknown> => {
      const read = await ledger.bundles.read(bundleId);
      return read && [read.state, read.orders.map(({ state }) => state)];
    };
    const availableOf = async (products: readonly SaleProduct[]): Promise<number[]> =>
      Promise.all(products.map(async ({ id, total }) => total - (await ledger.sales.readTotals(id))!.reserved));

    test("the last part completes the bundle, and a repeated one changes nothing", async () => {
      const { products } = await createShelf(ledger, 3);
      const bundle = acceptBundle(products);
      const [first, second, third] = bundle.accepted as [AcceptedReservation, AcceptedReservation, AcceptedReservation];
      expect((await reserve(third)).kind).toBe("accepted");
      expect((await reserve(first)).kind).toBe("accepted");
      expect(await reserve(first)).toEqual({ kind: "replay", reservationId: first.reservationId });
      expect(await stateOf(bundle)).toEqual(["collecting", ["reserved", "reserved"]]);
      expect((await reserve(second)).kind).toBe("accepted");
      expect(await stateOf(bundle)).toEqual(["complete", ["reserved", "reserved", "reserved"]]);
      const { orders } = (await ledger.bundles.read(bundle.bundleId))!;
      expect(new Set(orders.map(({ payBeforeMs }) => payBeforeMs)).size).toBe(1);
    });

    test("a part that is refused leaves no trace, and one of a broken bundle takes no unit", async () => {
      const { products } = await createShelf(ledger, 2, { total: 1 });
      const [winner, loser] = [acceptBundle(products), acceptBundle(products)];
      for (const part of winner.accepted) expect((await reserve(part)).kind).toBe("accepted");
      expect((await reserve(loser.accepted[0]!)).kind).toBe("sold_out");
      expect(await stateOf(loser)).toBeUndefined();

      const { products: others } = await createShelf(ledger, 2);
      const bundle = acceptBundle(others);
      await reserve(bundle.accepted[0]!);
      await ledger.bundles.giveUp(bundle, "sold_out");
      const late = bundle.accepted[1]!;
      expect(await reserve(late)).toEqual({ kind: "replay", reservationId: late.reservationId });
      expect(await availableOf(others)).toEqual([9, 10]);
      await ledger.bundles.releaseBroken(100);
      expect(await stateOf(bundle)).toEqual(["broken", ["cancelled"]]);
      expect(await availableOf(others)).toEqual([10, 10]);
    });

    test("parts that four processes reserve at once complete their bundles", async () => {
      const { products } = await createShelf(ledger, 4, { total: 40 });
      const bundles = Array.from({ length: 30 }, () => acceptBundle(products));
      const asked = bundles.flatMap(({ accepted }) => accepted.map((part, index) => reserve(part, ledgers[index])));
      const outcomes = await Promise.all(asked);
      expect(new Set(outcomes.map((outcome) => outcome.kind))).toEqual(new Set(["accepted"]));
      const read = await ledger.bundles.readMany(bundles.map(({ bundleId }) => bundleId));
      expect([...read.values()].map(({ state }) => state)).toEqual(Array(30).fill("complete"));
      expect(await availableOf(products)).toEqual([10, 10, 10, 10]);
    });
  });
}
