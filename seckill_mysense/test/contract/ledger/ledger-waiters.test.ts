import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { SaleProduct } from "../../../src/domain/sale.ts";
import { isOffer, type Waiter } from "../../../src/domain/waiter.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import type { JoinOutcome } from "../../../src/ledger/waiters.ts";
import { accept, acceptMany, createSale, payWithinMs, pendingReturns } from "./ledger-fixtures.ts";
import { ledgerKinds, type LedgerPlace } from "./ledger-places.ts";

const windowMs = 30_000;
/** As high as no revision of these tests: the gate knows everything. */
const gateVersion = 1_000_000;

for (const kind of ledgerKinds) {
  describe.skipIf(kind.skipped !== "")(`waiting lists in the ledger on ${kind.name}${kind.skipped}`, () => {
    let place: LedgerPlace;
    let ledger: Ledger;
    let others: Ledger[];
    const nowMs = 10_000;

    beforeAll(async () => {
      place = await kind.create();
      ledger = place.connect({ now: () => nowMs });
      await ledger.migrate();
      others = Array.from({ length: 3 }, () => place.connect({ now: () => nowMs }));
    });
    afterAll(() => place?.remove());

    const ask = (product: SaleProduct, userId: string, changes: object = {}, by = ledger): Promise<JoinOutcome> =>
      by.waiters.join({ productId: product.id, userId, gateVersion, windowMs, maxWaiting: 100, ...changes });
    async function join(product: SaleProduct, userId: string): Promise<Waiter> {
      const outcome = await ask(product, userId);
      if (!("waiter" in outcome)) throw new Error(`${userId} did not join: ${outcome.kind}`);
      return outcome.waiter;
    }
    /** A product with an open list. */
    async function listed(changes: Partial<SaleProduct> = {}): Promise<SaleProduct> {
      const { product } = await createSale(ledger, { total: 3, ...changes });
      await ledger.waiters.open(product.id);
      return product;
    }
    const offerTo = (product: SaleProduct, waiter: Waiter, changes: object = {}) =>
      accept(product, { userId: waiter.userId, reservationId: waiter.reservationId, ...changes });
    const record = (...batch: Parameters<Ledger["orders"]["record"]>[0]) =>
      ledger.orders.record(batch, { payWithinMs });
    const stateOf = async ({ productId, userId }: Waiter) => (await ledger.waiters.read(productId, userId))!.state;

    test("opening a list raises the product's revision once, and readers of changes see it", async () => {
      const { product } = await createSale(ledger);
      const { revision } = await ledger.changes.since(-1, { endedAfterMs: 0 });
      expect(await ledger.waiters.open("nothing")).toBeUndefined();
      const opened = (await ledger.waiters.open(product.id))!;
      expect(opened.product.waitingSince).toBe(opened.product.revision);
      expect(await others[0]!.waiters.open(product.id)).toEqual(opened);
      const changed = await ledger.changes.since(revision, { endedAfterMs: 0 });
      expect(changed.products).toEqual([opened.product]);
    });

    test("eight that open a list at once open one", async () => {
      const { product } = await createSale(ledger);
      const opened = await Promise.all([ledger, ...others, ledger, ...others].map((by) => by.waiters.open(product.id)));
      expect(new Set(opened.map((one) => one!.product.waitingSince)).size).toBe(1);
    });

    test("places grow in the order of coming, and somebody who waits keeps the place", async () => {
      const product = await listed();
      const ann = await join(product, "ann");
      const bob = await join(product, "bob");
      expect(bob.place).toBeGreaterThan(ann.place);
      expect(isOffer(ann.reservationId)).toBe(true);
      expect(await ask(product, "ann")).toEqual({ kind: "already", waiter: ann });
      expect(await ledger.waiters.places(product.id)).toEqual([ann.place, bob.place]);
      expect(await ledger.waiters.next(product.id, ann.place, 10)).toEqual([bob]);
      expect(await ledger.waiters.read(product.id, "cid")).toBeUndefined();
      expect(await ledger.waiters.lists("", 1_000)).toContainEqual(
        expect.objectContaining({ waiting: 2, product: expect.objectContaining({ id: product.id }) }),
      );
    });

    test("forty who join from four processes at once have forty places, each once in the order of the answers", async () => {
      const product = await listed();
      const processes = [ledger, ...others];
      const users = Array.from({ length: 40 }, (_, index) => `user${index}`);
      const outcomes = await Promise.all(users.map((user, index) => ask(product, user, {}, processes[index % 4])));
      expect(outcomes.map(({ kind: outcome }) => outcome)).toEqual(users.map(() => "joined"));
      const places = await ledger.waiters.places(product.id);
      expect(places).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    });

    test("a list takes in no more than it may hold", async () => {
      const product = await listed();
      expect((await ask(product, "ann", { maxWaiting: 1 })).kind).toBe("joined");
      expect((await ask(product, "bob", { maxWaiting: 1 })).kind).toBe("full");
      expect((await ask(product, "ann", { maxWaiting: 1 })).kind).toBe("already");
    });

    test("nobody joins a list that is closed, or was opened again after the gate was asked", async () => {
      const { product } = await createSale(ledger);
      expect(await ask(product, "ann")).toEqual({ kind: "not_open" });
      const first = (await ledger.waiters.open(product.id))!;
      expect(await ledger.waiters.close(product.id)).toMatchObject({ product: { waitingSince: undefined } });
      await ledger.waiters.open(product.id);
      expect(await ask(product, "ann", { gateVersion: first.product.revision })).toEqual({ kind: "not_open" });
      expect((await ask(product, "ann")).kind).toBe("joined");
    });

    test("a list closes only while nobody waits", async () => {
      const product = await listed();
      const ann = await join(product, "ann");
      expect(await ledger.waiters.close(product.id)).toBeUndefined();
      await ledger.waiters.leave(product.id, "ann");
      expect(await stateOf(ann)).toBe("left");
      expect((await ledger.waiters.close(product.id))!.product.waitingSince).toBeUndefined();
      expect(await ledger.waiters.close(product.id)).toBeUndefined();
      expect((await ledger.waiters.lists("", 1_000)).map((list) => list.product.id)).not.toContain(product.id);
    });

    test("of a close and a join at the same moment, whichever comes first counts", async () => {
      for (let round = 0; round < 10; round++) {
        const product = await listed();
        const [closed, joined] = await Promise.all([
          others[0]!.waiters.close(product.id),
          ask(product, "ann", {}, others[1]),
        ]);
        expect([closed === undefined, joined.kind]).toEqual(
          closed === undefined ? [true, "joined"] : [false, "not_open"],
        );
      }
    });

    test("somebody who leaves and joins again comes last, with another reservation", async () => {
      const product = await listed();
      const ann = await join(product, "ann");
      const bob = await join(product, "bob");
      expect(await ledger.waiters.leave(product.id, "ann")).toBe(true);
      expect(await ledger.waiters.leave(product.id, "ann")).toBe(false);
      const again = await join(product, "ann");
      expect(again.place).toBeGreaterThan(bob.place);
      expect(again.reservationId).not.toBe(ann.reservationId);
    });

    test("an offer that is recorded ends the wait, and is to be paid within its own window", async () => {
      const product = await listed();
      const ann = await join(product, "ann");
      expect(await record(offerTo(product, ann), accept(product))).toEqual([
        { kind: "recorded" },
        { kind: "recorded" },
      ]);
      expect(await stateOf(ann)).toBe("offered");
      expect((await ledger.orders.read(ann.reservationId))!.payBeforeMs).toBe(nowMs + windowMs);
      expect(await ledger.waiters.places(product.id)).toEqual([]);
      expect(await record(offerTo(product, ann))).toEqual([{ kind: "duplicate" }]);
    });

    test("open offers are counted until they are paid, declined or expired", async () => {
      const product = await listed();
      const before = await ledger.waiters.countOpenOffers(nowMs - 1);
      const offers = [await join(product, "ann"), await join(product, "bob")];
      await record(...offers.map((waiter) => offerTo(product, waiter)));
      expect((await ledger.waiters.countOpenOffers(nowMs - 1)) - before).toBe(2);
      await ledger.orders.pay(offers[0]!.reservationId, nowMs);
      expect((await ledger.waiters.countOpenOffers(nowMs - 1)) - before).toBe(1);
      expect(await ledger.waiters.countOpenOffers(nowMs)).toBe(0);
    });

    test("an offer to somebody who has left, or of a user who never waited, is rejected, and its unit goes back", async () => {
      const product = await listed();
      const ann = await join(product, "ann");
      const bob = await join(product, "bob");
      await ledger.waiters.leave(product.id, "ann");
      const invented = accept(product, { reservationId: "offer-invented" });
      const stolen = offerTo(product, bob, { userId: "eve" });
      const rejected = { kind: "rejected", reason: "not_waiting" } as const;
      expect(await record(offerTo(product, ann), invented, stolen)).toEqual([rejected, rejected, rejected]);
      expect(await pendingReturns(ledger, product)).toEqual([ann.reservationId, "offer-invented", bob.reservationId]);
    });

    test("an offer that the gate lost leaves the waiter's place, and gets another reservation", async () => {
      const product = await listed();
      const ann = await join(product, "ann");
      await ledger.gates.raiseEpoch(product.id, 1);
      expect(await record(offerTo(product, ann))).toEqual([{ kind: "rejected", reason: "gate_lost" }]);
      const renewed = (await ledger.waiters.read(product.id, "ann"))!;
      expect(renewed).toMatchObject({ state: "waiting", place: ann.place });
      expect(isOffer(renewed.reservationId) && renewed.reservationId !== ann.reservationId).toBe(true);
      expect(await record(offerTo(product, renewed, { epoch: 2 }))).toEqual([{ kind: "recorded" }]);
    });

    test("the end of the sale ends the wait; an offer that the gate accepted before still counts", async () => {
      const product = await listed();
      const ann = await join(product, "ann");
      const bob = await join(product, "bob");
      expect(await ledger.waiters.end(product.id)).toBe(2);
      expect([await stateOf(ann), await stateOf(bob)]).toEqual(["ended", "ended"]);
      expect(await record(offerTo(product, ann))).toEqual([{ kind: "recorded" }]);
      expect(await stateOf(ann)).toBe("offered");
    });

    test("nobody waits for more units than a user may hold", async () => {
      const product = await listed();
      const [held] = acceptMany(product, 1);
      await record(held!);
      expect(await ask(product, held!.userId)).toEqual({ kind: "limit_reached" });
      const ann = await join(product, "ann");
      expect(await ledger.waiters.endOfLimit(product.id, "ann")).toBe(false);
      await record(accept(product, { userId: "ann" }));
      expect(await record(offerTo(product, ann))).toEqual([{ kind: "rejected", reason: "limit_per_user" }]);
      expect(await stateOf(ann)).toBe("limit_reached");
      const bob = await join(product, "bob");
      await record(accept(product, { userId: "bob" }));
      expect(await ledger.waiters.endOfLimit(product.id, "bob")).toBe(true);
      expect(await stateOf(bob)).toBe("limit_reached");
    });

    test("the audit counts who waits", async () => {
      const product = await listed();
      await join(product, "ann");
      expect((await ledger.audit.auditSale(product.saleId))!.products[0]).toMatchObject({
        waiting: 1,
        isPaused: false,
      });
    });
  });
}
