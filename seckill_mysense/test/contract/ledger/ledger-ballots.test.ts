import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { parseRules } from "fair-draw";
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
/** When places are looked at: reservations of the last moment are in the ledger by then. */
const judgedAfterMs = windowMs + 5_000;

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
      const product = { ...products[0]!, total: 10, ...changes };
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
      const order = async (seat: number) => {
        const reservation = accept(opened.product, { userId: `user-${roomId}-${seat}`, acceptedAtMs: nowMs });
        await ledger.orders.record([reservation], { payWithinMs });
        return reservation.reservationId;
      };
      return { ...opened, roomId, use, order };
    };

    test("have as many winners as can all buy, or as the rules say, and publish how many", async () => {
      const { winners: _, ...withoutWinners } = ballotRoom;
      for (const [settings, winners] of [
        [ballotRoom, 3],
        [withoutWinners, 10],
      ] as const) {
        const { room } = await open(settings);
        expect([room.mode, room.winners]).toEqual(["ballot", winners]);
        expect(parseRules(JSON.parse(room.rules))).toMatchObject({ mode: "draw", winners });
      }
      expect(open(withoutWinners, { total: 0 })).rejects.toThrow("has no winners");
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
      expect(await ledger.rooms.passOn(roomId)).toBe(1);
      expect(await use(4)).toMatchObject({ kind: "used", isNew: true });
      expect(await use(5)).toEqual({ kind: "waiting" });
    });

    test("count orders of their own sale, each user once, and only of places whose window is over", async () => {
      const { roomId, use, order } = await begun(8, ballotRoom, { limitPerUser: 2 });
      const other = await open();
      for (const seat of [1, 2, 3]) await use(seat);
      const ofFirst = [await order(1), await order(1)];
      const elsewhere = accept(other.product, { userId: `user-${roomId}-2`, acceptedAtMs: nowMs });
      await ledger.orders.record([elsewhere], { payWithinMs });
      nowMs = startsAtMs + judgedAfterMs;
      expect(await ledger.rooms.passOn(roomId)).toBe(2);
      await use(4);
      await order(4);
      await ledger.orders.cancel(ofFirst[0]!);
      expect(await ledger.rooms.passOn(roomId)).toBe(0);
      await ledger.orders.cancel(ofFirst[1]!);
      expect(await ledger.rooms.passOn(roomId)).toBe(1);
      expect((await ledger.rooms.state(roomId))!).toMatchObject({ judged: 3, passedOn: 3 });
    });

    test("open no window again that was passed on, also when the clock is set back", async () => {
      const { roomId, use } = await begun(8);
      nowMs = startsAtMs + judgedAfterMs;
      expect(await ledger.rooms.passOn(roomId)).toBe(3);
      nowMs = startsAtMs + 1;
      expect(await use(3)).toEqual({ kind: "expired" });
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
