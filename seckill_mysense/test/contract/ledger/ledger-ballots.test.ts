import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { parseRules } from "fair-draw";
import type { SaleChange } from "../../../src/domain/sale-change.ts";
import type { SaleProduct } from "../../../src/domain/sale.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import type { Room } from "../../../src/ledger/rooms.ts";
import { accept, payWithinMs } from "./ledger-fixtures.ts";
import { ledgerKinds, type LedgerPlace } from "./ledger-places.ts";
import {
  ballotRoom,
  closesAtMs,
  enter,
  entryOf,
  makeRoomSale,
  opensAtMs,
  startsAtMs,
  usePlace,
} from "./room-fixtures.ts";

const windowMs = ballotRoom.useWithinMs;
/** As many winners as the stock is enough for. */
const byStock = { ...ballotRoom, winners: undefined };
/** When places are looked at: reservations of the last moment are in the ledger by then. */
const judgedAfterMs = windowMs + 5_000;

/** What the sweeper does when the gate has taken the units back. */
async function returnAll({ returns }: Ledger): Promise<void> {
  await returns.markReturned(await returns.pending(1_000));
}

for (const kind of ledgerKinds) {
  describe.skipIf(kind.skipped !== "")(`ballots in the ledger on ${kind.name}${kind.skipped}`, () => {
    let place: LedgerPlace;
    let ledger: Ledger;
    /** Another process. */
    let other: Ledger;
    let nowMs = opensAtMs;

    beforeAll(async () => {
      place = await kind.create();
      ledger = place.connect({ databaseNow: () => nowMs, now: () => nowMs });
      other = place.connect({ databaseNow: () => nowMs, now: () => nowMs });
      await ledger.migrate();
    });
    beforeEach(() => void (nowMs = opensAtMs));
    afterAll(() => place?.remove());

    const open = async (settings = ballotRoom, changes: Partial<SaleProduct> = {}) => {
      const { sale, products } = makeRoomSale(settings);
      const product = { ...products[0]!, total: 3, ...changes };
      await ledger.sales.create(sale, [product]);
      return { room: (await ledger.rooms.find(sale.id))!, product };
    };
    const draw = async ({ id }: Room): Promise<void> => {
      nowMs = closesAtMs;
      expect(await ledger.rooms.close(id)).toBe(true);
      await ledger.rooms.announce(id, new Uint8Array(32).fill(1));
      await ledger.rooms.publish(id, { kind: "none" });
      await ledger.rooms.draw(id, new Uint8Array(32).fill(2));
    };
    /** A ballot whose winners' window has begun. */
    const begun = async (entries: number, settings = ballotRoom, changes: Partial<SaleProduct> = {}) => {
      const opened = await open(settings, changes);
      for (let index = 0; index < entries; index++) entryOf(await enter(ledger, opened.room, `user-${index}`));
      await draw(opened.room);
      nowMs = startsAtMs;
      const { id: roomId } = opened.room;
      const use = (seat: number) => usePlace(ledger, opened.room, seat, `user-${roomId}-${seat}`);
      const order = async (seat: number, quantity = 1) => {
        const reservation = accept(opened.product, { userId: `user-${roomId}-${seat}`, acceptedAtMs: nowMs, quantity });
        await ledger.orders.record([reservation], { payWithinMs });
        return reservation.reservationId;
      };
      /** A user uses the place and orders. */
      const buy = async (seat: number, quantity?: number) => {
        expect(await use(seat)).toMatchObject({ kind: "used" });
        return order(seat, quantity);
      };
      const change = (wanted: SaleChange) => ledger.changes.change(opened.product.saleId, wanted, { actor: "ada" });
      const restock = (units: number) => change({ kind: "restock", productId: opened.product.id, units });
      return { ...opened, roomId, use, order, buy, change, restock };
    };

    test("have as many winners as can all buy, or as the rules say, and publish how many", async () => {
      for (const [settings, winners] of [
        [{ ...ballotRoom, winners: 2 }, 2],
        [byStock, 3],
      ] as const) {
        const { room } = await open(settings);
        expect([room.mode, room.winners]).toEqual(["ballot", winners]);
        expect(parseRules(JSON.parse(room.rules))).toMatchObject({ mode: "draw", winners });
      }
      expect(open(byStock, { total: 0 })).rejects.toThrow("has no winners");
    });

    test("take no entry after the closing, and give those who entered the same one again", async () => {
      const { room } = await open();
      const first = entryOf(await enter(ledger, room, "early"));
      nowMs = closesAtMs - 1;
      entryOf(await enter(ledger, room, "just in time"));
      nowMs = closesAtMs;
      expect(await enter(other, room, "late")).toEqual({ kind: "closed" });
      expect(entryOf(await enter(ledger, room, "early"))).toEqual(first);
      expect((await ledger.rooms.state(room.id))!).toMatchObject({ line: { entries: 2 }, drawn: { entries: 2 } });
      nowMs = startsAtMs + windowMs;
      expect(await enter(other, room, "late")).toEqual({ kind: "closed" });
    });

    test("let the winners alone in, all of them from the start of the sale on", async () => {
      const { use } = await begun(8);
      nowMs = startsAtMs - 1;
      expect(await use(1)).toEqual({ kind: "waiting" });
      nowMs = startsAtMs;
      const openUntilMs = startsAtMs + windowMs;
      for (const seat of [1, 2, 3]) expect(await use(seat)).toEqual({ kind: "used", isNew: true, openUntilMs });
      nowMs = startsAtMs + windowMs - 1;
      for (const seat of [4, 8]) expect(await use(seat)).toEqual({ kind: "waiting" });
      nowMs++;
      expect(await use(3)).toMatchObject({ kind: "used", openUntilMs: undefined });
    });

    test("pass on the places of those who hold no order when their window is over, round after round", async () => {
      const { roomId, use, order } = await begun(8);
      // The first one buys, the second one only gets a token, the third one does nothing.
      await use(1);
      await use(2);
      await order(1);
      nowMs = startsAtMs + judgedAfterMs - 1;
      expect(await ledger.rooms.passOn(roomId)).toBe(0);
      nowMs++;
      const passed = await Promise.all([ledger.rooms.passOn(roomId), other.rooms.passOn(roomId)]);
      expect(passed.toSorted()).toEqual([0, 2]);
      const secondMs = nowMs;
      expect(await use(3)).toEqual({ kind: "expired" });
      expect(await use(4)).toEqual({ kind: "used", isNew: true, openUntilMs: secondMs + windowMs });
      expect(await use(6)).toEqual({ kind: "waiting" });
      await use(5);
      await order(5);
      nowMs = secondMs + judgedAfterMs;
      expect(await ledger.rooms.passOn(roomId)).toBe(1);
      expect(await use(6)).toMatchObject({ kind: "used", openUntilMs: nowMs + windowMs });
      expect(await ledger.rooms.passOn(roomId)).toBe(0);
      expect((await ledger.rooms.state(roomId))!).toMatchObject({ judged: 5, passedOn: 3 });
    });

    test("pass a place on when its order ends, however long after the window", async () => {
      const { roomId, use, order } = await begun(5);
      for (const seat of [1, 2, 3]) await use(seat);
      const [first] = [await order(1), await order(2), await order(3)];
      nowMs = startsAtMs + judgedAfterMs;
      expect(await ledger.rooms.passOn(roomId)).toBe(0);
      nowMs += 3_600_000;
      await ledger.orders.cancel(first);
      // The gate does not sell the unit yet.
      expect(await ledger.rooms.passOn(roomId)).toBe(0);
      await returnAll(ledger);
      expect(await ledger.rooms.passOn(roomId)).toBe(1);
      expect(await use(4)).toMatchObject({ kind: "used", isNew: true });
      expect(await use(5)).toEqual({ kind: "waiting" });
    });

    test("count orders of their own sale alone", async () => {
      const { roomId, buy } = await begun(8);
      const { product: elsewhere } = await open();
      await buy(1);
      const orders = [2, 3].map((seat) => accept(elsewhere, { userId: `user-${roomId}-${seat}`, acceptedAtMs: nowMs }));
      await ledger.orders.record(orders, { payWithinMs });
      nowMs = startsAtMs + judgedAfterMs;
      expect(await ledger.rooms.passOn(roomId)).toBe(2);
      expect((await ledger.rooms.state(roomId))!).toMatchObject({ judged: 3, passedOn: 2 });
    });

    test("pass on what winners leave who buy less than the limit, to the last unit", async () => {
      const { roomId, use, buy } = await begun(20, byStock, { total: 11, limitPerUser: 2 });
      for (const seat of [1, 2, 3, 4, 5]) await buy(seat);
      expect(await ledger.rooms.passOn(roomId)).toBe(0);
      nowMs += judgedAfterMs;
      // Six units for three people.
      expect(await ledger.rooms.passOn(roomId)).toBe(3);
      await buy(6, 2);
      await buy(7);
      nowMs += judgedAfterMs;
      // Three units for one who may have two, and for one who finds the last one.
      expect(await ledger.rooms.passOn(roomId)).toBe(2);
      await buy(9, 2);
      expect(await use(10)).toMatchObject({ kind: "used" });
      expect(await ledger.rooms.passOn(roomId)).toBe(0);
      nowMs += judgedAfterMs;
      expect(await ledger.rooms.passOn(roomId)).toBe(1);
      await buy(11);
      expect(await ledger.rooms.passOn(roomId)).toBe(0);
    });

    test("admit nobody for whom nothing is left, also where there were more winners than units", async () => {
      const { roomId, buy } = await begun(8, ballotRoom, { total: 2 });
      await buy(1);
      nowMs += judgedAfterMs;
      expect(await ledger.rooms.passOn(roomId)).toBe(1);
      await buy(4);
      expect(await ledger.rooms.passOn(roomId)).toBe(0);
      nowMs += judgedAfterMs;
      expect(await ledger.rooms.passOn(roomId)).toBe(0);
      expect((await ledger.rooms.state(roomId))!).toMatchObject({ judged: 4, passedOn: 1 });
    });

    test("keep to fewer winners than units until nobody of them may buy any more", async () => {
      const { roomId, buy } = await begun(20, ballotRoom, { total: 10 });
      expect(await ledger.rooms.passOn(roomId)).toBe(0);
      for (const seat of [1, 2]) await buy(seat);
      expect(await ledger.rooms.passOn(roomId)).toBe(0);
      await buy(3);
      // Their windows are open, and each of them has all that the limit allows.
      expect(await ledger.rooms.passOn(roomId)).toBe(7);
      await buy(10);
      expect(await ledger.rooms.passOn(roomId)).toBe(0);
    });

    test("give units that are added to those who wait, while others may still buy", async () => {
      const { roomId, use, buy, restock } = await begun(20, byStock, { limitPerUser: 2, total: 6 });
      await buy(1, 2);
      await restock(3);
      expect(await ledger.rooms.passOn(roomId)).toBe(1);
      expect(await use(4)).toMatchObject({ kind: "used", openUntilMs: nowMs + windowMs });
      await restock(1);
      expect(await ledger.rooms.passOn(roomId)).toBe(1);
      expect(await ledger.rooms.passOn(roomId)).toBe(0);
    });

    test("give units that are added after the last winner has bought to those who wait", async () => {
      const { roomId, buy, restock } = await begun(20);
      for (const seat of [1, 2, 3]) await buy(seat);
      nowMs += judgedAfterMs;
      expect(await ledger.rooms.passOn(roomId)).toBe(0);
      await restock(4);
      expect(await ledger.rooms.passOn(roomId)).toBe(4);
    });

    test("admit fewer when units are taken out of the sale, also before the gate has given them up", async () => {
      const { roomId, buy, restock } = await begun(20, byStock, { total: 5 });
      await buy(1);
      await restock(-2);
      nowMs += judgedAfterMs;
      expect(await ledger.rooms.passOn(roomId)).toBe(2);
    });

    test.each(["product", "sale"])("admit nobody while the %s is paused", async (what) => {
      const { roomId, product, change } = await begun(8);
      const productId = what === "product" ? product.id : undefined;
      await change({ kind: "pause", productId });
      nowMs += judgedAfterMs;
      expect(await ledger.rooms.passOn(roomId)).toBe(0);
      await change({ kind: "resume", productId });
      expect(await ledger.rooms.passOn(roomId)).toBe(3);
    });

    test("count the units of all buckets of a product, and those of all products", async () => {
      const { sale, products } = makeRoomSale(byStock);
      const product = { ...products[0]!, total: 2 };
      const further = { ...product, id: `${product.id}-2`, total: 1 };
      await ledger.sales.create(sale, [product, { ...product, id: `${product.id}#1` }, further]);
      const room = (await ledger.rooms.find(sale.id))!;
      expect(room.winners).toBe(1);
      for (let index = 0; index < 9; index++) entryOf(await enter(ledger, room, `user-${index}`));
      await draw(room);
      nowMs = startsAtMs;
      await usePlace(ledger, room, 1, "winner");
      const orders = [product, further].map((one) => accept(one, { userId: "winner", acceptedAtMs: nowMs }));
      await ledger.orders.record(orders, { payWithinMs });
      expect(await ledger.rooms.passOn(room.id)).toBe(3);
    });

    test("open no window again that was passed on, also when the clock is set back", async () => {
      const { roomId, use } = await begun(8);
      nowMs = startsAtMs + judgedAfterMs;
      expect(await ledger.rooms.passOn(roomId)).toBe(3);
      nowMs = startsAtMs + 1;
      expect(await use(3)).toEqual({ kind: "expired" });
      expect(await ledger.rooms.passOn(roomId)).toBe(0);
    });

    test("end the wait for a unit with the window, and of nobody else", async () => {
      const { roomId, product, use } = await begun(5);
      const { product: elsewhere } = await open();
      await use(1);
      const stateOf = async ({ id }: typeof product) => (await ledger.waiters.read(id, `user-${roomId}-1`))!.state;
      for (const { id } of [product, elsewhere]) {
        await ledger.waiters.open(id);
        const request = { productId: id, userId: `user-${roomId}-1`, gateVersion: 1_000_000, windowMs: 30_000 };
        expect(await ledger.waiters.join({ ...request, maxWaiting: 10 })).toMatchObject({ kind: "joined" });
      }
      nowMs = startsAtMs + judgedAfterMs - 1;
      await ledger.rooms.passOn(roomId);
      expect(await stateOf(product)).toBe("waiting");
      nowMs++;
      await ledger.rooms.passOn(roomId);
      expect([await stateOf(product), await stateOf(elsewhere)]).toEqual(["ended", "waiting"]);
    });

    test("admit nobody while they are on hold, and their winners when they are opened", async () => {
      const { roomId, use } = await begun(5, { ...ballotRoom, startsOnHold: true });
      nowMs += 60_000;
      expect(await use(1)).toEqual({ kind: "waiting" });
      await ledger.rooms.changeAdmission(roomId, { kind: "open" }, "ada");
      const openUntilMs = nowMs + windowMs;
      expect(await use(1)).toEqual({ kind: "used", isNew: true, openUntilMs });
      await ledger.rooms.changeAdmission(roomId, { kind: "hold" }, "ada");
      nowMs += judgedAfterMs;
      expect(await ledger.rooms.passOn(roomId)).toBe(0);
      await ledger.rooms.changeAdmission(roomId, { kind: "open" }, "ada");
      expect(await use(4)).toEqual({ kind: "waiting" });
      expect(await ledger.rooms.passOn(roomId)).toBe(2);
      expect(await use(4)).toMatchObject({ kind: "used" });
    });

    test("admit no more than have entered", async () => {
      const { roomId, use } = await begun(2);
      expect(await use(2)).toMatchObject({ kind: "used" });
      expect(await use(3)).toEqual({ kind: "unknown" });
      nowMs += judgedAfterMs;
      expect(await ledger.rooms.passOn(roomId)).toBe(0);
      expect((await ledger.rooms.state(roomId))!).toMatchObject({ judged: 2, passedOn: 0 });
    });
  });
}
