import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { ProductRecord, SaleRecord } from "../../../src/domain/sale.ts";
import type { Gate } from "../../../src/gate/gate.ts";
import { accept, kinds, saleFixture } from "./gate-fixtures.ts";
import { gateKinds, type GatePlace } from "./gate-places.ts";

for (const kind of gateKinds) {
  describe.skipIf(kind.skipReason !== "")(
    `Changing an armed product of the gate on ${kind.name}${kind.skipReason}`,
    () => {
      let place: GatePlace;
      let gate: Gate;

      beforeAll(async () => {
        place = await kind.open();
        ({ gate } = place);
      }, 30_000);
      afterAll(() => place?.close());

      async function armed(options: Parameters<typeof saleFixture>[0] = {}) {
        const fixture = saleFixture(options);
        const sale: SaleRecord = { ...fixture.sale, state: "published", paused: false, version: 1 };
        const product: ProductRecord = { ...fixture.product, paused: false, revision: 10, lowering: undefined };
        await gate.arm(sale, product, product.total);
        const status = async () => (await gate.status(sale.id, product.id))!;
        return { ...fixture, sale, product, status };
      }

      test("an armed product has the revision with which it was armed, and its pause", async () => {
        const { status } = await armed();
        expect(await status()).toMatchObject({ version: 10, paused: false });
        const other = saleFixture();
        const sale: SaleRecord = { ...other.sale, state: "published", paused: true, version: 1 };
        await gate.arm(sale, other.product, 10);
        expect(await gate.status(sale.id, other.product.id)).toMatchObject({ version: 0, paused: true });
        expect(await gate.reserve(other.request("ann", "r1"))).toEqual({ kind: "paused" });
      });

      test("more units are available at once, and only once", async () => {
        const { sale, product, request, status } = await armed({ total: 2 });
        await accept(gate, request("ann", "r1"));
        const more = { ...product, total: 5, revision: 11 };
        expect(await gate.amend(sale, more)).toEqual({ kind: "amended" });
        expect(await gate.amend(sale, more)).toEqual({ kind: "already" });
        expect(await status()).toMatchObject({ total: 5, available: 4, version: 11 });
      });

      test("an older revision does not come back", async () => {
        const { sale, product, status } = await armed({ total: 2 });
        await gate.amend(sale, { ...product, total: 9, revision: 12 });
        expect(await gate.amend(sale, { ...product, total: 5, revision: 11 })).toEqual({ kind: "already" });
        expect(await status()).toMatchObject({ total: 9, available: 9, version: 12 });
      });

      test("units that were given away are not taken out: all of the change waits", async () => {
        const { sale, product, request, status } = await armed({ total: 5, limitPerUser: 5 });
        for (const id of ["r1", "r2", "r3"]) await accept(gate, request("ann", id));
        const lower = (total: number, revision: number) => ({
          ...product,
          revision,
          lowering: { total, since: revision },
        });
        expect(await gate.amend(sale, lower(2, 11))).toEqual({ kind: "not_available", available: 2 });
        expect(await status()).toMatchObject({ total: 5, available: 2, version: 10 });
        expect(await gate.amend(sale, lower(3, 12))).toEqual({ kind: "amended" });
        expect(await status()).toMatchObject({ total: 3, available: 0, version: 12 });
        expect(await gate.reserve(request("bob", "r4"))).toEqual({ kind: "sold_out", epoch: 1, left: 0 });
        // The ledger follows with the same total, which changes nothing at the gate.
        expect(await gate.amend(sale, { ...product, total: 3, revision: 13 })).toEqual({ kind: "amended" });
        expect(await status()).toMatchObject({ total: 3, available: 0, version: 13 });
      });

      test("a product that is armed while fewer units are asked for still gives them up", async () => {
        const { sale, product } = saleFixture({ total: 5 });
        const record: SaleRecord = { ...sale, state: "published", paused: false, version: 1 };
        const lowering: ProductRecord = { ...product, paused: false, revision: 11, lowering: { total: 3, since: 11 } };
        await gate.arm(record, lowering, 5);
        expect(await gate.amend(record, lowering)).toEqual({ kind: "amended" });
        expect(await gate.status(sale.id, product.id)).toMatchObject({ total: 3, available: 3 });
      });

      test("a returned unit does not raise what is available above the lower total", async () => {
        const { sale, product, request, status } = await armed({ total: 3 });
        await accept(gate, request("ann", "r1"));
        await gate.amend(sale, { ...product, revision: 11, lowering: { total: 1, since: 11 } });
        expect(await status()).toMatchObject({ total: 1, available: 0 });
        const back = { reservationId: "r1", saleId: sale.id, productId: product.id, userId: "ann", epoch: 1 };
        expect(await gate.giveBack(back)).toMatchObject({ kind: "returned" });
        expect(await status()).toMatchObject({ total: 1, available: 1 });
      });

      test("a pause refuses new buyers, answers those who hold a unit, and ends with the next change", async () => {
        const { sale, product, request } = await armed();
        await accept(gate, request("ann", "r1"));
        await gate.amend({ ...sale, paused: true }, { ...product, revision: 11 });
        expect(await gate.reserve(request("bob", "r2"))).toEqual({ kind: "paused" });
        expect(await gate.reserve(request("ann", "r1"))).toEqual({ kind: "replay", reservationId: "r1" });
        await gate.amend(sale, { ...product, revision: 12, paused: true });
        expect(await gate.reserve(request("bob", "r2"))).toEqual({ kind: "paused" });
        await gate.amend(sale, { ...product, revision: 13 });
        expect((await gate.reserve(request("bob", "r2"))).kind).toBe("accepted");
        await gate.amend({ ...sale, state: "cancelled" }, { ...product, revision: 14 });
        expect(await gate.reserve(request("cat", "r3"))).toEqual({ kind: "paused" });
      });

      test("times and the limit per user follow", async () => {
        const { sale, product, request, status } = await armed({ endsInMs: -1 });
        expect(await gate.reserve(request("ann", "r1"))).toEqual({ kind: "ended" });
        const endsAtMs = sale.endsAtMs + 3_600_000;
        await gate.amend({ ...sale, endsAtMs }, { ...product, revision: 11, limitPerUser: 2 });
        expect(await status()).toMatchObject({ startsAtMs: sale.startsAtMs, endsAtMs });
        const outcomes = [];
        for (const id of ["r1", "r2", "r3"]) outcomes.push(await gate.reserve(request("ann", id)));
        expect(kinds(outcomes)).toEqual({ accepted: 2, replay: 1 });
        const startsAtMs = endsAtMs - 1;
        await gate.amend({ ...sale, startsAtMs, endsAtMs }, { ...product, revision: 12 });
        expect(await gate.reserve(request("bob", "r4"))).toEqual({ kind: "not_started", startsAtMs });
      });

      test("a product that the gate does not know, or has in another epoch, is left alone", async () => {
        const unknown = saleFixture();
        const record: SaleRecord = { ...unknown.sale, state: "published", paused: false, version: 1 };
        const terms = { paused: false, revision: 3, lowering: undefined };
        expect(await gate.amend(record, { ...unknown.product, ...terms })).toEqual({ kind: "unknown" });
        expect(await place.traces(unknown.product)).toBe(0);
        const { sale, product, status } = await armed();
        expect(await gate.amend(sale, { ...product, epoch: 2, revision: 11 })).toEqual({
          kind: "other_epoch",
          epoch: 1,
        });
        expect(await status()).toMatchObject({ version: 10 });
      });

      test("a product that is to be compared or rebuilt is left alone, and opens with the figures that it is given", async () => {
        const { sale, product, status, request } = await armed({ total: 10 });
        await accept(gate, request("ann", "r1"));
        await place.forgetRun(product);
        const more = { ...product, total: 15, revision: 11 };
        expect(await gate.amend(sale, more)).toEqual({ kind: "closed" });
        // The ledger had the five units already when the figures were read, so they must not be added once more.
        const renewed = { ...more, epoch: 2, revision: 12 };
        expect(await gate.repair.adopt(product, await status(), { sale, product: renewed, available: 14 })).toBe(
          "adopted",
        );
        expect(await status()).toMatchObject({ total: 15, available: 14, version: 12 });
        expect(await gate.amend(sale, renewed)).toEqual({ kind: "already" });

        const lease = { product, token: "token", leaseMs: 5_000 };
        await gate.repair.begin(lease, 2);
        const later = { ...renewed, revision: 13, lowering: { total: 8, since: 13 } };
        expect(await gate.amend(sale, later)).toEqual({ kind: "closed" });
        await gate.repair.fillHolders(lease, [["ann", [{ reservationId: "r1" }]]], true);
        await gate.repair.fillDecided(lease, [], true);
        const rebuilt = { ...later, epoch: 3 };
        const stock = { sale, product: rebuilt, available: 14, sequence: 5, holders: 1, decided: 0 };
        expect(await gate.repair.finish(lease, stock)).toBe("finished");
        expect(await gate.amend(sale, rebuilt)).toEqual({ kind: "amended" });
        expect(await status()).toMatchObject({ total: 8, available: 7, version: 13 });
      });

      test("no unit is lost or made while buyers come and the total goes up and down", async () => {
        const { sale, product, request, status } = await armed({ total: 50 });
        let accepted = 0;
        let total = 50;
        const buy = async (index: number): Promise<void> => {
          const outcome = await gate.reserve(request(`user-${index}`, `reservation-${index}`));
          if (outcome.kind === "accepted") accepted++;
        };
        const change = async (revision: number): Promise<void> => {
          const wanted = revision % 2 === 0 ? total + 7 : total - 5;
          const outcome = await gate.amend(sale, { ...product, total: wanted, revision });
          if (outcome.kind === "amended") total = wanted;
        };
        const buying = Array.from({ length: 100 }, (_, index) => buy(index));
        for (let revision = 11; revision < 31; revision++) await change(revision);
        await Promise.all(buying);
        expect(await status()).toMatchObject({ total, available: total - accepted });
      });
    },
  );
}
