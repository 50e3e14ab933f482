import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { ProductRecord, SaleRecord } from "../../../src/domain/sale.ts";
import { offerId } from "../../../src/domain/waiter.ts";
import type { Gate } from "../../../src/gate/gate.ts";
import { accept, saleFixture } from "./gate-fixtures.ts";
import { gateKinds, type GatePlace } from "./gate-places.ts";

for (const kind of gateKinds) {
  describe.skipIf(kind.skipReason !== "")(`A waiting list at the gate on ${kind.name}${kind.skipReason}`, () => {
    let place: GatePlace;
    let gate: Gate;

    beforeAll(async () => {
      place = await kind.open();
      ({ gate } = place);
    }, 30_000);
    afterAll(() => place?.close());

    function records(waitingSince?: number) {
      const fixture = saleFixture({ total: 2 });
      const sale: SaleRecord = { ...fixture.sale, state: "published", paused: false, version: 1 };
      const product: ProductRecord = {
        ...{ ...fixture.product, paused: false, revision: 10 },
        ...{ lowering: undefined, waitingSince },
      };
      const status = async () => (await gate.status(sale.id, product.id))!;
      return { ...fixture, sale, product, status };
    }
    /** A product whose units are all taken, by ann and bob, and whose list was opened. */
    async function soldOutAndWaitedFor() {
      const fixture = records();
      const { sale, product, request } = fixture;
      await gate.arm(sale, product, product.total);
      const taken = await accept(gate, request("ann", "r1"));
      await accept(gate, request("bob", "r2"));
      await gate.amend(sale, { ...product, revision: 11, waitingSince: 11 });
      return { ...fixture, taken };
    }

    test("a unit that comes back goes to an offer, and to nobody else", async () => {
      const { request, status, taken } = await soldOutAndWaitedFor();
      expect(await status()).toMatchObject({ waiting: true, available: 0 });
      await gate.giveBack(taken);
      expect(await status()).toMatchObject({ waiting: true, available: 1 });
      const offer = request("dan", offerId("1"));
      const [snatched, offered, second] = await Promise.all([
        gate.reserve(request("eve", "r3")),
        gate.reserve(offer),
        gate.reserve(request("fay", offerId("2"))),
      ]);
      expect([snatched.kind, offered.kind, second.kind]).toEqual(["sold_out", "accepted", "sold_out"]);
      expect(await gate.reserve(offer)).toEqual({ kind: "replay", reservationId: offer.reservationId });
    });

    test("those who hold a reservation are told so, although others wait", async () => {
      const { request } = await soldOutAndWaitedFor();
      expect(await gate.reserve(request("bob", "r2"))).toEqual({ kind: "replay", reservationId: "r2" });
    });

    test("an offer takes no unit that is not there", async () => {
      const { request } = await soldOutAndWaitedFor();
      expect(await gate.reserve(request("dan", offerId("1")))).toEqual({ kind: "sold_out", epoch: 1, left: 0 });
    });

    test("a list that was closed lets everybody buy, and an older opening does not come back", async () => {
      const { sale, product, request, status, taken } = await soldOutAndWaitedFor();
      await gate.giveBack(taken);
      await gate.amend(sale, { ...product, revision: 12 });
      expect(await gate.amend(sale, { ...product, revision: 11, waitingSince: 11 })).toEqual({ kind: "already" });
      expect(await status()).toMatchObject({ waiting: false });
      expect(await gate.reserve(request("eve", "r3"))).toMatchObject({ kind: "accepted" });
    });

    test("a product that is armed while somebody waits knows it", async () => {
      const { sale, product, request } = records(7);
      await gate.arm(sale, product, 1);
      expect(await gate.reserve(request("eve", "r1"))).toEqual({ kind: "sold_out", epoch: 1, left: 0 });
      expect(await gate.reserve(request("dan", offerId("1")))).toMatchObject({ kind: "accepted" });
    });

    test("a product that is rebuilt while somebody waits knows it when it opens", async () => {
      const { sale, product, request } = records(7);
      const next = { ...product, epoch: 2 };
      const lease = { product, token: crypto.randomUUID(), leaseMs: 5_000 };
      await gate.repair.begin(lease, undefined);
      await gate.repair.fillHolders(lease, [], true);
      await gate.repair.fillDecided(lease, [], true);
      const rebuilt = { sale, product: next, available: 1, sequence: 0, holders: 0, decided: 0 };
      expect(await gate.repair.finish(lease, rebuilt)).toBe("finished");
      expect(await gate.reserve(request("eve", "r1"))).toEqual({ kind: "sold_out", epoch: 2, left: 0 });
    });

    test("a product that is accepted after a restart knows what the ledger says of its list", async () => {
      const { sale, product, request, status, taken } = await soldOutAndWaitedFor();
      await gate.giveBack(taken);
      await place.forgetRun(product);
      const compared = await status();
      const adopt = (changes: Partial<ProductRecord>) =>
        gate.repair.adopt(product, compared, { sale, product: { ...product, epoch: 2, ...changes }, available: 1 });
      expect(await adopt({ waitingSince: 11 })).toBe("adopted");
      expect(await gate.reserve(request("eve", "r3"))).toEqual({ kind: "sold_out", epoch: 2, left: 0 });
    });
  });
}
