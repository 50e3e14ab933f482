import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import type { Beat } from "../../../src/ledger/heartbeats.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { ledgerKinds, type LedgerPlace } from "./ledger-places.ts";

for (const kind of ledgerKinds) {
  describe.skipIf(kind.skipped !== "")(`heartbeats and dead letters on ${kind.name}${kind.skipped}`, () => {
    let place: LedgerPlace;
    let ledger: Ledger;

    beforeAll(async () => {
      place = await kind.create();
      ledger = place.connect();
      await ledger.migrate();
    });
    afterAll(() => place?.remove());

    const beat = (): Beat => ({
      instance: randomUUID(),
      role: "relay",
      host: "east",
      startedAtMs: 1_700_000_000_000,
      details: "{}",
    });

    test("a process has one heartbeat, with its latest details, until it leaves", async () => {
      const [one, two] = [beat(), beat()];
      await ledger.heartbeats.beat(one);
      await ledger.heartbeats.beat(two);
      await ledger.heartbeats.beat({ ...one, details: '{"inHand":3}' });
      const found = (await ledger.heartbeats.read()).filter(({ instance }) => instance === one.instance);
      expect(found).toMatchObject([{ ...one, details: '{"inHand":3}' }]);
      expect(found[0]!.ageMs).toBeGreaterThanOrEqual(0);
      expect(found[0]!.ageMs).toBeLessThan(30_000);
      await ledger.heartbeats.leave(one.instance);
      const left = (await ledger.heartbeats.read()).map(({ instance }) => instance);
      expect(left).toContain(two.instance);
      expect(left).not.toContain(one.instance);
    });

    test("the age of a heartbeat grows while its process is silent", async () => {
      const silent = beat();
      await ledger.heartbeats.beat(silent);
      await Bun.sleep(60);
      const found = (await ledger.heartbeats.read()).find(({ instance }) => instance === silent.instance);
      expect(found!.ageMs).toBeGreaterThanOrEqual(50);
    });

    test("a message is kept once, whole, and settled once", async () => {
      const body = Buffer.from([0, 255, 10, 39, 92, 128]);
      const letter = {
        body,
        reason: "unreadable",
        detail: "no message",
        reservationId: undefined,
        productId: "lamp",
        userId: undefined,
      } as const;
      expect(await ledger.deadLetters.keep(letter)).toBe("kept");
      expect(await ledger.deadLetters.keep(letter)).toBe("known");
      expect(await ledger.deadLetters.countWaiting()).toBe(1);
      const [kept] = await ledger.deadLetters.list("waiting", 10);
      expect(kept).toMatchObject({ reason: "unreadable", bodyBytes: 6, productId: "lamp", state: "waiting" });
      expect(Buffer.from(kept!.body).equals(body)).toBe(true);
      const settlement = { state: "discarded", by: "ada", outcome: "nothing to do" } as const;
      const settled = await Promise.all([1, 2, 3].map(() => ledger.deadLetters.settle(kept!.id, settlement)));
      expect(settled.filter(Boolean)).toHaveLength(1);
      expect(await ledger.deadLetters.list("discarded", 10)).toMatchObject([{ id: kept!.id, settledBy: "ada" }]);
      expect(await ledger.deadLetters.countWaiting()).toBe(0);
    });
  });
}
