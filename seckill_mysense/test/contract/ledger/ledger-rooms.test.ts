import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import {
  blsPublicKey,
  hashRules,
  leafOf,
  MerkleRoot,
  nextHead,
  parseRules,
  sha256,
  signAsWitness,
  witnessMessage,
} from "fair-draw";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import type { Room } from "../../../src/ledger/rooms.ts";
import { ledgerKinds, type LedgerPlace } from "./ledger-places.ts";
import {
  closesAtMs,
  drawRoom,
  enter,
  entryOf,
  isCommittedTo,
  openRoom,
  opensAtMs,
  pseudonymOf,
  queueRoom,
  startsAtMs,
  usePlace,
} from "./room-fixtures.ts";

for (const kind of ledgerKinds) {
  describe.skipIf(kind.skipped !== "")(`waiting rooms in the ledger on ${kind.name}${kind.skipped}`, () => {
    let place: LedgerPlace;
    let ledger: Ledger;
    /** Another gateway. */
    let other: Ledger;
    let nowMs = opensAtMs;

    beforeAll(async () => {
      place = await kind.create();
      ledger = place.connect({ databaseNow: () => Math.floor(nowMs), now: () => Math.floor(nowMs) });
      other = place.connect({ databaseNow: () => Math.floor(nowMs), now: () => Math.floor(nowMs) });
      await ledger.migrate();
    });
    beforeEach(() => void (nowMs = opensAtMs));
    afterAll(() => place?.remove());

    const names = (count: number, prefix = "user"): string[] =>
      Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
    const enterAll = async (room: Room, who: readonly string[]) =>
      (await Promise.all(who.map((name) => enter(ledger, room, name)))).map(entryOf);
    /** A queue whose sale has started, with some who wait. */
    const startedQueue = async (waiting: number, settings = queueRoom): Promise<Room> => {
      const room = await openRoom(ledger, settings);
      await enterAll(room, names(waiting));
      nowMs = startsAtMs;
      expect(await ledger.rooms.beginQueue(room.id)).toBe(true);
      return room;
    };
    const drawn = async (entries: number): Promise<Room> => {
      const room = await openRoom(ledger, drawRoom);
      await enterAll(room, names(entries));
      nowMs = closesAtMs;
      expect(await ledger.rooms.close(room.id)).toBe(true);
      await ledger.rooms.announce(room.id, new Uint8Array(32).fill(1));
      expect(await ledger.rooms.publish(room.id, { kind: "none" })).toEqual({ kind: "written" });
      await ledger.rooms.draw(room.id, new Uint8Array(32).fill(2));
      return room;
    };

    describe("rules", () => {
      test("are drawn up when the sale is published, stand for a secret, and never change", async () => {
        const room = await openRoom(ledger, drawRoom);
        expect(room).toMatchObject({ mode: "draw", opensAtMs, closesAtMs, useWithinMs: 5_000 });
        expect(isCommittedTo(room)).toBe(true);
        expect(Buffer.from(room.rulesHash)).toEqual(Buffer.from(hashRules(parseRules(JSON.parse(room.rules)))));
        const another = { ...drawRoom, opensAtMs: opensAtMs + 1 };
        const change = { kind: "update", room: another } as const;
        expect(ledger.changes.change(room.saleId, change, { actor: "ada" })).rejects.toThrow("rules were published");
        await ledger.changes.change(room.saleId, { ...change, room: drawRoom, title: "Other" }, { actor: "ada" });
        expect(await ledger.rooms.find(room.saleId)).toEqual(room);
      });

      test("may change in a draft, which has no room yet", async () => {
        const { sale, products } = (await ledger.changes.read((await openRoom(ledger, drawRoom)).saleId))!;
        const id = `${sale.id}-draft`;
        const product = { ...products[0]!, id: `${id}-product`, saleId: id };
        const draft = { id, title: sale.title, startsAtMs, endsAtMs: sale.endsAtMs, room: drawRoom };
        await ledger.changes.create(draft, [product], { actor: "ada", state: "draft" });
        expect(await ledger.rooms.find(id)).toBeUndefined();
        await ledger.changes.change(id, { kind: "update", room: queueRoom }, { actor: "ada" });
        await ledger.changes.change(id, { kind: "publish" }, { actor: "ada" });
        expect(await ledger.rooms.find(id)).toMatchObject({ mode: "queue" });
        expect((await ledger.changes.read(id))!.sale.room).toEqual(queueRoom);
        const update = (await ledger.changes.history(id, 10)).find(({ action }) => action === "update")!;
        expect([update.before, update.after]).toMatchObject([{ room: { mode: "draw" } }, { room: { mode: "queue" } }]);
      });

      test("do not allow a start before the closing, and keep it once the entry is closed", async () => {
        const { saleId } = await openRoom(ledger, drawRoom);
        const moveTo = (ms: number) =>
          ledger.changes.change(saleId, { kind: "update", startsAtMs: ms }, { actor: "ada" });
        expect(moveTo(closesAtMs - 1)).rejects.toThrow("closes_at");
        expect((await moveTo(startsAtMs + 5))!.sale.startsAtMs).toBe(startsAtMs + 5);
        nowMs = closesAtMs;
        expect(moveTo(startsAtMs)).rejects.toThrow("closed for the draw");
      });

      test("keep the start by the ledger's clock, also against a process whose clock is slow", async () => {
        const slow = place.connect({ databaseNow: () => nowMs, now: () => nowMs - 60_000 });
        const moveTo = ({ saleId }: Room, ms: number) =>
          slow.changes.change(saleId, { kind: "update", startsAtMs: ms }, { actor: "ada" });
        const room = await openRoom(ledger, drawRoom);
        nowMs = closesAtMs - 1;
        expect((await moveTo(room, startsAtMs + 5))!.sale.startsAtMs).toBe(startsAtMs + 5);
        nowMs = closesAtMs;
        expect(moveTo(room, startsAtMs)).rejects.toThrow("closed for the draw");
        const closed = await drawn(1);
        // The ledger's clock was set back: what is closed stays closed.
        nowMs = closesAtMs - 1_000;
        expect(moveTo(closed, startsAtMs + 5)).rejects.toThrow("closed for the draw");
        const queue = await startedQueue(1);
        expect(moveTo(queue, startsAtMs + 60_000)).rejects.toThrow("has begun to admit");
      });

      test("keep the start while the room is closing at the same moment", async () => {
        const slow = place.connect({ databaseNow: () => nowMs, now: () => nowMs - 60_000 });
        for (let round = 0; round < 10; round++) {
          nowMs = opensAtMs;
          const { id, saleId } = await openRoom(ledger, queueRoom);
          nowMs = startsAtMs;
          const change = { kind: "update", startsAtMs: startsAtMs + 60_000 } as const;
          await Promise.allSettled([slow.changes.change(saleId, change, { actor: "ada" }), other.rooms.beginQueue(id)]);
          await other.rooms.beginQueue(id);
          const { beginsAtMs = Infinity } = (await ledger.rooms.state(id))!;
          expect(beginsAtMs).toBeGreaterThanOrEqual((await ledger.changes.read(saleId))!.sale.startsAtMs);
        }
      });

      test("are refused if fair-draw does not take them, or if nobody could enter any more", async () => {
        const publicValue = { kind: "witnesses", witnesses: [] } as { kind: "witnesses" };
        expect(openRoom(ledger, { ...drawRoom, publicValue })).rejects.toThrow("witnesses");
        const { sale, products } = (await ledger.changes.read((await openRoom(ledger, drawRoom)).saleId))!;
        nowMs = closesAtMs;
        const late = ledger.changes.create({ ...sale, id: "late" }, [{ ...products[0]!, id: "late", saleId: "late" }], {
          ...{ actor: "ada", state: "published" },
        });
        expect(late).rejects.toThrow("nobody could enter");
      });
    });

    describe("entries", () => {
      test("have numbers without gaps over two gateways, one for each pseudonym", async () => {
        const room = await openRoom(ledger, drawRoom);
        const who = names(300);
        const outcomes = await Promise.all(
          [...who, ...who, ...who].map((name, index) => enter(index % 2 === 0 ? ledger : other, room, name)),
        );
        const numbers = outcomes.map((outcome) => entryOf(outcome).number);
        expect(new Set(numbers)).toEqual(new Set(who.map((_, index) => index + 1)));
        expect(numbers.slice(0, 300)).toEqual(numbers.slice(300, 600));
        expect(numbers.slice(0, 300)).toEqual(numbers.slice(600));
        expect(await ledger.rooms.findEntry(room.id, pseudonymOf("user-7"))).toEqual(entryOf(outcomes[7]!));
        expect(await ledger.rooms.findEntry(room.id, pseudonymOf("nobody"))).toBeUndefined();
      });

      test("stand in one line, whose head follows from all of them", async () => {
        const room = await openRoom(ledger, drawRoom);
        await enterAll(room, names(20));
        nowMs += 7;
        await Promise.all(names(20, "later").map((name) => enter(other, room, name)));
        const pages = [await ledger.rooms.entries(room.id, 0, 30), await ledger.rooms.entries(room.id, 30, 30)];
        expect(pages.map(({ length }) => length)).toEqual([30, 10]);
        let head: Uint8Array = room.rulesHash;
        for (const [index, entry] of pages.flat().entries()) {
          expect(entry.number).toBe(index + 1);
          head = nextHead(head, leafOf(room.rulesHash, { ...entry, time: entry.enteredAtMs }));
        }
        const { line } = (await ledger.rooms.state(room.id))!;
        expect([line.entries, Buffer.from(line.head)]).toEqual([40, Buffer.from(head)]);
      });

      test("are refused before the opening, above the limit, and in no room", async () => {
        const room = await openRoom(ledger, drawRoom);
        nowMs = opensAtMs - 1;
        expect(await enter(ledger, room, "ada")).toEqual({ kind: "not_open" });
        nowMs = opensAtMs;
        expect(entryOf(await enter(ledger, room, "ada", 1)).number).toBe(1);
        expect(await enter(ledger, room, "bob", 1)).toEqual({ kind: "full" });
        expect(entryOf(await enter(ledger, room, "ada", 1)).number).toBe(1);
        expect(await enter(ledger, { ...room, id: 1_000_000 }, "ada")).toEqual({ kind: "not_open" });
      });

      test("at the very closing come late, and those before it are drawn: nobody is on both sides", async () => {
        const room = await openRoom(ledger, drawRoom);
        nowMs = closesAtMs - 1;
        await enterAll(room, names(3));
        expect(await ledger.rooms.close(room.id)).toBe(false);
        // The moment passes while two gateways and the closing race for the lock.
        const ticking = (): number => (nowMs = Math.min(closesAtMs + 1, nowMs + 0.01));
        const racing = place.connect({ databaseNow: () => Math.floor(ticking()) });
        const [early] = await Promise.all([
          Promise.all(names(150, "racing").map((name, index) => enter(index % 3 === 0 ? other : racing, room, name))),
          ledger.rooms.close(room.id),
        ]);
        nowMs = closesAtMs + 1;
        entryOf(await enter(ledger, room, "late"));
        const { drawn, line } = (await ledger.rooms.state(room.id))!;
        expect(line.entries).toBe(154);
        for (const { number, enteredAtMs } of [
          ...early.map(entryOf),
          ...(await ledger.rooms.entries(room.id, 0, 200)),
        ]) {
          expect([number, number <= drawn!.entries]).toEqual([number, enteredAtMs < closesAtMs]);
        }
      });

      test("that come when a clock was set back stand behind the draw all the same", async () => {
        const room = await openRoom(ledger, drawRoom);
        await enter(ledger, room, "early");
        nowMs = closesAtMs + 100;
        await enter(ledger, room, "late");
        nowMs = closesAtMs - 1_000;
        expect(entryOf(await enter(other, room, "later")).enteredAtMs).toBe(closesAtMs + 100);
        expect((await ledger.rooms.state(room.id))!.drawn!.entries).toBe(1);
        const another = await openRoom(ledger, drawRoom);
        nowMs = closesAtMs;
        await ledger.rooms.close(another.id);
        nowMs = closesAtMs - 1_000;
        expect(entryOf(await enter(ledger, another, "late")).enteredAtMs).toBe(closesAtMs);
      });
    });

    describe("the draw", () => {
      test("is closed once, by the moment, also when nobody came", async () => {
        const room = await openRoom(ledger, drawRoom);
        expect(await ledger.rooms.close(room.id)).toBe(false);
        nowMs = closesAtMs;
        expect(await Promise.all([ledger.rooms.close(room.id), other.rooms.close(room.id)])).toEqual([true, true]);
        const { drawn } = (await ledger.rooms.state(room.id))!;
        expect(drawn!.entries).toBe(0);
        expect(Buffer.from(drawn!.head)).toEqual(Buffer.from(room.rulesHash));
      });

      test("has one root, one public value and one seed, in this order", async () => {
        const room = await openRoom(ledger, drawRoom);
        await enterAll(room, names(3));
        const [first, second] = [1, 2].map((byte) => new Uint8Array(32).fill(byte)) as [Uint8Array, Uint8Array];
        const { rooms } = ledger;
        await rooms.announce(room.id, first);
        expect((await rooms.state(room.id))!.root).toBeUndefined();
        nowMs = closesAtMs;
        await rooms.close(room.id);
        expect(await rooms.publish(room.id, { kind: "none" })).toMatchObject({ kind: "refused" });
        await rooms.announce(room.id, first);
        await rooms.announce(room.id, second);
        await rooms.draw(room.id, first);
        expect((await rooms.state(room.id))!).toMatchObject({ seed: undefined, beginsAtMs: undefined });
        const drand = { kind: "drand", signature: "00" };
        expect(await rooms.publish(room.id, drand)).toMatchObject({ kind: "refused" });
        expect(await rooms.publish(room.id, { kind: "none" })).toEqual({ kind: "written" });
        expect(await rooms.publish(room.id, { kind: "none" })).toEqual({ kind: "already" });
        await rooms.draw(room.id, first);
        await rooms.draw(room.id, second);
        const state = (await rooms.state(room.id))!;
        expect([state.root, state.seed].map((bytes) => Buffer.from(bytes!))).toEqual([first, first].map(Buffer.from));
        expect(state).toMatchObject({ publicValue: '{"kind":"none"}', beginsAtMs: startsAtMs });
      });

      test("takes the signatures of its witnesses, of this root and no other", async () => {
        const key = new Uint8Array(32).fill(7);
        const witnesses = [{ name: "Notary", key: Buffer.from(blsPublicKey(key)).toString("hex") }];
        const publicValue = { kind: "witnesses", witnesses } as { kind: "witnesses" };
        const room = await openRoom(ledger, { ...drawRoom, publicValue });
        nowMs = closesAtMs;
        await ledger.rooms.close(room.id);
        const root = new MerkleRoot().root();
        await ledger.rooms.announce(room.id, root);
        const signed = (of: Uint8Array) => {
          const signatures = [signAsWitness(witnessMessage(room.rulesHash, of, sha256), key)];
          return ledger.rooms.publish(room.id, { kind: "witnesses", signatures });
        };
        const refused = { kind: "refused", reason: expect.stringContaining('"Notary" has not signed this root') };
        expect(await signed(new Uint8Array(32))).toMatchObject(refused);
        expect(await ledger.rooms.publish(room.id, { kind: "none" })).toMatchObject({ kind: "refused" });
        expect((await ledger.rooms.state(room.id))!.publicValue).toBeUndefined();
        expect(await signed(root)).toEqual({ kind: "written" });
        expect(await signed(root)).toEqual({ kind: "already" });
      });

      test("lets nobody in before the sale starts, and then by the rate", async () => {
        const room = await drawn(10);
        expect(await usePlace(ledger, room, 1)).toEqual({ kind: "waiting" });
        nowMs = startsAtMs + 1;
        expect(await usePlace(ledger, room, 1)).toMatchObject({ kind: "used" });
        expect(await usePlace(ledger, room, 2)).toEqual({ kind: "waiting" });
      });

      test("has the root of the tree over its entries, as anybody computes it", async () => {
        const room = await drawn(5);
        const tree = new MerkleRoot();
        for (const entry of await ledger.rooms.entries(room.id, 0, 10)) {
          tree.add(leafOf(room.rulesHash, { ...entry, time: entry.enteredAtMs }));
        }
        expect(tree.count).toBe((await ledger.rooms.state(room.id))!.drawn!.entries);
      });
    });

    describe("admission", () => {
      test("of a queue begins when the sale starts, not before", async () => {
        const room = await openRoom(ledger, queueRoom);
        nowMs = startsAtMs - 1;
        expect(await ledger.rooms.beginQueue(room.id)).toBe(false);
        nowMs = startsAtMs + 50;
        expect(await ledger.rooms.beginQueue(room.id)).toBe(true);
        nowMs += 50;
        expect(await other.rooms.beginQueue(room.id)).toBe(true);
        expect(await ledger.rooms.steps(room.id, 0)).toEqual([
          { step: 1, sinceMs: startsAtMs + 50, millionths: 0, per1000Seconds: 1_000_000 },
        ]);
      });

      test("follows rate, hold and opening from the moment of the change", async () => {
        const room = await startedQueue(100, { ...queueRoom, admitPer1000Seconds: 10_000 });
        nowMs += 1_000;
        await ledger.rooms.changeAdmission(room.id, { kind: "hold" }, "ada");
        await ledger.rooms.changeAdmission(room.id, { kind: "hold" }, "ada");
        nowMs += 1_000;
        await ledger.rooms.changeAdmission(room.id, { kind: "rate", per1000Seconds: 20_000 }, "ada");
        expect((await ledger.rooms.state(room.id))!).toMatchObject({ isOnHold: true, per1000Seconds: 20_000 });
        await other.rooms.changeAdmission(room.id, { kind: "open" }, "bob");
        nowMs += 500;
        const use = (seat: number) => usePlace(ledger, room, seat);
        expect([await use(20), await use(21)]).toEqual([
          { kind: "used", isNew: true, openUntilMs: expect.any(Number) },
          { kind: "waiting" },
        ]);
        expect(await ledger.rooms.changeAdmission(1_000_000, { kind: "hold" }, "ada")).toBe(false);
        expect(await ledger.rooms.steps(room.id, 3)).toHaveLength(2);
        const [opened, rated, held, ...others] = await ledger.changes.history(room.saleId, 10);
        expect(others).toHaveLength(0);
        expect(opened).toMatchObject({
          action: "room open",
          actor: "bob",
          before: { onHold: true },
          after: { onHold: false },
        });
        expect(rated).toMatchObject({ action: "room rate", before: { perSecond: 10 }, after: { perSecond: 20 } });
        expect(held).toMatchObject({ action: "room hold", actor: "ada" });
      });

      test("starts on hold where the merchant wants it", async () => {
        const room = await startedQueue(10, { ...queueRoom, startsOnHold: true });
        nowMs += 100_000;
        expect(await usePlace(ledger, room, 1)).toEqual({ kind: "waiting" });
        await ledger.rooms.changeAdmission(room.id, { kind: "open" }, "bob");
        nowMs += 1;
        expect(await usePlace(ledger, room, 1)).toMatchObject({ kind: "used" });
      });

      test("is not saved up for a crowd that comes late", async () => {
        const room = await startedQueue(1);
        nowMs += 1_000_000;
        const late = await enterAll(room, names(50, "late"));
        expect(await usePlace(ledger, room, late[0]!.number)).toEqual({ kind: "waiting" });
        nowMs += 10;
        expect(await usePlace(ledger, room, late[9]!.number)).toMatchObject({ kind: "used" });
        expect(await usePlace(ledger, room, late[10]!.number)).toEqual({ kind: "waiting" });
      });
    });

    describe("places", () => {
      test("are used once, within their window, also over two gateways", async () => {
        const room = await startedQueue(10);
        nowMs += 10;
        const key = { roomId: room.id, place: 3 };
        const uses = await Promise.all([ledger, other, ledger, other].map((one) => usePlace(one, room, key.place)));
        expect(uses.filter((use) => use.kind === "used" && use.isNew)).toHaveLength(1);
        expect(await ledger.rooms.isUsed(key)).toBe(true);
        expect((await ledger.rooms.state(room.id))!.used).toBe(1);
        nowMs += 5_000;
        expect(await usePlace(ledger, room, key.place)).toEqual({ kind: "used", isNew: false, openUntilMs: undefined });
        expect(await usePlace(ledger, room, 4)).toEqual({ kind: "expired" });
        expect(await ledger.rooms.isUsed({ ...key, place: 4 })).toBe(false);
      });

      test("are counted, however many are used at once over two gateways", async () => {
        const room = await startedQueue(200);
        nowMs += 1_000;
        const places = Array.from({ length: 200 }, (_, index) => index + 1);
        const useAll = async (gateway: Ledger, some: readonly number[]) => {
          for (const each of some) await usePlace(gateway, room, each);
        };
        const byGateway = [0, 1, 2, 3].map((part) => places.filter((place) => place % 4 === part));
        const gateways = [
          ledger,
          other,
          place.connect({ databaseNow: () => nowMs }),
          place.connect({ databaseNow: () => nowMs }),
        ];
        await Promise.all(gateways.map((gateway, index) => useAll(gateway, byGateway[index]!)));
        expect((await ledger.rooms.state(room.id))!.used).toBe(200);
      });

      test("that nobody has cannot be used", async () => {
        const room = await startedQueue(2);
        nowMs += 1_000;
        expect(await usePlace(ledger, room, 3)).toEqual({ kind: "unknown" });
        expect(await usePlace(ledger, { id: 1_000_000 }, 1)).toEqual({ kind: "unknown" });
      });

      test("are for the entry that has them: its number, its pseudonym and the seed of its draw", async () => {
        const queue = await startedQueue(3);
        nowMs += 1_000;
        const pseudonym = pseudonymOf("user-1");
        const own = { roomId: queue.id, place: 2, number: 2, pseudonym, seed: undefined };
        for (const wrong of [
          { place: 1 },
          { number: 1 },
          { pseudonym: pseudonymOf("user-0") },
          { place: 3, number: 3 },
        ]) {
          expect(await ledger.rooms.use({ ...own, ...wrong })).toEqual({ kind: "unknown" });
        }
        expect(await ledger.rooms.use(own)).toMatchObject({ kind: "used", isNew: true });

        nowMs = opensAtMs;
        const draw = await drawn(3);
        nowMs = startsAtMs + 1_000;
        const { seed } = (await ledger.rooms.state(draw.id))!;
        const [late] = await enterAll(draw, ["late"]);
        const place = { roomId: draw.id, place: 1, number: 2, pseudonym, seed };
        for (const wrong of [undefined, new Uint8Array(32)]) {
          expect(await ledger.rooms.use({ ...place, seed: wrong })).toEqual({ kind: "unknown" });
        }
        expect(await ledger.rooms.use({ ...place, ...late!, place: 1 })).toEqual({ kind: "unknown" });
        expect(await ledger.rooms.use(place)).toMatchObject({ kind: "used", isNew: true });
      });

      test("that were not used are passed on, once, to those who wait", async () => {
        const room = await startedQueue(10_000 / 1_000, { ...queueRoom, admitPer1000Seconds: 1_000 });
        nowMs += 2_000;
        await usePlace(ledger, room, 1);
        nowMs = startsAtMs + 7_000;
        expect(await Promise.all([ledger.rooms.passOn(room.id), other.rooms.passOn(room.id)])).toContain(1);
        expect(await ledger.rooms.passOn(room.id)).toBe(0);
        expect((await ledger.rooms.state(room.id))!).toMatchObject({ judged: 2, passedOn: 1, used: 1 });
        expect(await usePlace(ledger, room, 8)).toMatchObject({ kind: "used" });
        expect(await usePlace(ledger, room, 9)).toEqual({ kind: "waiting" });
      });

      test("are not passed on while the room is on hold, and not saved up when nobody waits", async () => {
        const room = await startedQueue(4);
        nowMs += 1_000;
        await ledger.rooms.changeAdmission(room.id, { kind: "hold" }, "ada");
        nowMs += 100_000;
        expect(await ledger.rooms.passOn(room.id)).toBe(0);
        await ledger.rooms.changeAdmission(room.id, { kind: "open" }, "bob");
        expect(await ledger.rooms.passOn(room.id)).toBe(0);
        expect((await ledger.rooms.state(room.id))!).toMatchObject({ judged: 4, passedOn: 0 });
        await enterAll(room, names(5, "late"));
        expect(await usePlace(ledger, room, 5)).toEqual({ kind: "waiting" });
      });

      test("need few steps, however often unused ones are passed on", async () => {
        const room = await startedQueue(300, { ...queueRoom, admitPer1000Seconds: 1_000, useWithinMs: 1_000 });
        for (let round = 0; round < 30; round++) {
          nowMs += 1_000;
          await ledger.rooms.passOn(room.id);
        }
        expect((await ledger.rooms.steps(room.id, 0)).length).toBeLessThan(6);
      });

      test.each([0, 5])(
        "need few steps, however often the rate follows the load while %d have entered",
        async (entered) => {
          const rateRange = { least: 1_000, most: 2_000 };
          const room = await startedQueue(entered, {
            ...queueRoom,
            admitPer1000Seconds: 1_000,
            rateRange,
            useWithinMs: 60_000,
          });
          nowMs += 100_000;
          await ledger.rooms.passOn(room.id);
          for (let round = 0; round < 40; round++) {
            nowMs += 5_000;
            const [from, to] = round % 2 === 0 ? ([1_000, 2_000] as const) : ([2_000, 1_000] as const);
            expect(await ledger.rooms.moveRate(room.id, { from, to })).toBe(true);
            await ledger.rooms.passOn(room.id);
          }
          // Those of a minute, which is as long as a window is open.
          expect((await ledger.rooms.steps(room.id, 0)).length).toBeLessThan(16);
        },
      );
    });
  });
}
