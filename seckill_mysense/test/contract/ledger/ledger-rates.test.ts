import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { ledgerKinds, type LedgerPlace } from "./ledger-places.ts";
import { openRoom, queueRoom, startsAtMs } from "./room-fixtures.ts";

const rateRange = { least: 1_000, most: 50_000 };

for (const kind of ledgerKinds) {
  describe.skipIf(kind.skipped !== "")(`rates in the ledger on ${kind.name}${kind.skipped}`, () => {
    let place: LedgerPlace;
    let ledger: Ledger;
    /** Another sweeper. */
    let other: Ledger;
    let nowMs = startsAtMs;

    beforeAll(async () => {
      place = await kind.create();
      ledger = place.connect({ databaseNow: () => nowMs });
      other = place.connect({ databaseNow: () => nowMs });
      await ledger.migrate();
    });
    afterAll(() => place?.remove());

    const open = async () => {
      nowMs = startsAtMs;
      const { id } = await openRoom(ledger, { ...queueRoom, admitPer1000Seconds: rateRange.least, rateRange });
      await ledger.rooms.beginQueue(id);
      return id;
    };

    test("move once from where they are, within their range, for two who move them at once", async () => {
      const id = await open();
      expect((await ledger.rooms.state(id))!.rateRange).toEqual(rateRange);
      nowMs += 5_000;
      const moves = [ledger, other, ledger].map(({ rooms }) => rooms.moveRate(id, { from: 1_000, to: 1_500 }));
      expect((await Promise.all(moves)).filter((hasMoved) => hasMoved)).toHaveLength(1);
      expect(await other.rooms.moveRate(id, { from: 1_500, to: 50_001 })).toBe(false);
      expect(await other.rooms.moveRate(id, { from: 1_500, to: 999 })).toBe(false);
      expect(await other.rooms.moveRate(1_000_000, { from: 1_500, to: 2_000 })).toBe(false);
      const steps = await ledger.rooms.steps(id, 0);
      expect(steps).toMatchObject([
        { sinceMs: startsAtMs, per1000Seconds: 1_000 },
        { sinceMs: startsAtMs + 5_000, per1000Seconds: 1_500, millionths: 5_000_000 },
      ]);
    });

    test("stay where an operator has fixed them, and move on hold without admitting anybody", async () => {
      const id = await open();
      await ledger.rooms.changeAdmission(id, { kind: "hold" }, "ada");
      expect(await ledger.rooms.moveRate(id, { from: 1_000, to: 2_000 })).toBe(true);
      expect((await ledger.rooms.steps(id, 0)).at(-1)!.per1000Seconds).toBe(0);
      await ledger.rooms.changeAdmission(id, { kind: "open" }, "ada");
      expect((await ledger.rooms.steps(id, 0)).at(-1)!.per1000Seconds).toBe(2_000);
      await ledger.rooms.changeAdmission(id, { kind: "rate", per1000Seconds: 7_000 }, "ada");
      expect(await ledger.rooms.moveRate(id, { from: 7_000, to: 8_000 })).toBe(false);
      expect((await ledger.rooms.state(id))!).toMatchObject({ per1000Seconds: 7_000, rateRange: undefined });
    });
  });
}
