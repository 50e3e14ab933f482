import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { maxFilled, type RepairLease } from "../../../src/gate/gate-repair.ts";
import type { Gate } from "../../../src/gate/gate.ts";
import { accept, rebuild, saleFixture, type SaleFixture } from "./gate-fixtures.ts";
import { gateKinds, type GatePlace } from "./gate-places.ts";

for (const kind of gateKinds) {
  describe.skipIf(kind.skipReason !== "")(`rebuilding a product on ${kind.name}${kind.skipReason}`, () => {
    let place: GatePlace;
    let gate: Gate;
    let otherGate: Gate;

    beforeAll(async () => {
      place = await kind.open();
      ({ gate, otherGate } = place);
    }, 30_000);

    afterAll(() => place?.close());

    async function armed(options: Parameters<typeof saleFixture>[0] = {}): Promise<SaleFixture> {
      const fixture = saleFixture(options);
      await gate.arm(fixture.sale, fixture.product, fixture.product.total);
      return fixture;
    }
    const statusOf = async ({ sale, product }: SaleFixture) => (await gate.status(sale.id, product.id))!;
    const leaseOf = ({ product }: SaleFixture, leaseMs = 5_000): RepairLease => {
      return { product, token: crypto.randomUUID(), leaseMs };
    };

    test("each accepted reservation and each returned unit raises the sequence by one", async () => {
      const fixture = await armed();
      expect(await statusOf(fixture)).toMatchObject({ sequence: 1, verified: true, repairLeaseMs: 0 });
      const reservations = await Promise.all(
        ["r1", "r2"].map((id) => accept(gate, fixture.request(`user-of-${id}`, id))),
      );
      expect(reservations.map(({ sequence }) => sequence)).toEqual([2, 3]);
      expect(await gate.giveBack(reservations[0]!)).toMatchObject({ kind: "returned", sequence: 4 });
      await gate.reserve(fixture.request("user-of-r2", "r3"));
      await gate.giveBack(reservations[0]!);
      expect(await statusOf(fixture)).toMatchObject({ sequence: 4 });
    });

    test("a gate below the sequence that the caller has seen is closed, in the same epoch only", async () => {
      const fixture = await armed();
      await accept(gate, fixture.request("ann", "r1"));
      await place.setSequence(fixture.product, 1);
      expect(await gate.reserve(fixture.request("bob", "r2"), { minEpoch: 1, minSequence: 2 })).toEqual({
        kind: "closed",
      });
      // A caller that does not know the newer epoch yet has seen a sequence of the older one.
      await rebuild(gate, fixture, { epoch: 2, available: 9 });
      expect(await gate.reserve(fixture.request("bob", "r2"), { minEpoch: 1, minSequence: 99 })).toMatchObject({
        kind: "accepted",
      });
    });

    test("another run of the server sells nothing and takes nothing back until the product was compared", async () => {
      const fixture = await armed();
      const reservation = await accept(gate, fixture.request("ann", "r1"));
      await place.forgetRun(fixture.product);
      const status = await statusOf(fixture);
      expect(status).toMatchObject({ verified: false, open: true, available: 9 });
      expect(await gate.reserve(fixture.request("bob", "r2"))).toEqual({ kind: "closed" });
      expect(await gate.giveBack(reservation)).toEqual({ kind: "closed" });
      const adopt = (changes: object) =>
        gate.repair.adopt(
          fixture.product,
          { ...status, ...changes },
          { sale: fixture.sale, product: fixture.inEpoch(2), available: 8 },
        );
      for (const changes of [{ available: 8 }, { sequence: 1 }, { epoch: 2 }]) {
        expect(await adopt(changes)).toBe("changed");
      }
      expect(await adopt({})).toBe("adopted");
      expect(await statusOf(fixture)).toMatchObject({
        epoch: 2,
        available: 8,
        sequence: 3,
        verified: true,
        holders: 1,
      });
      expect(await accept(gate, fixture.request("bob", "r2"))).toMatchObject({ epoch: 2 });
      // A caller that has seen a sequence which was lost must not be shut out.
      const seen = { minEpoch: 1, minSequence: 99 };
      expect(await gate.reserve(fixture.request("cid", "r3"), seen)).toMatchObject({ kind: "accepted" });
      expect(await gate.giveBack({ ...reservation, epoch: 2 })).toMatchObject({ kind: "returned" });
    });

    test("a product under repair is closed, and opens with exactly what it was filled with", async () => {
      const fixture = await armed({ limitPerUser: 2 });
      const old = await accept(gate, fixture.request("ann", "old"));
      const lease = leaseOf(fixture);
      expect(await gate.repair.begin(lease, 1)).toEqual({ kind: "begun", epoch: 1, sequence: 2, outboxLength: 1 });
      expect(await gate.reserve(fixture.request("bob", "r2"))).toEqual({ kind: "closed" });
      expect(await gate.giveBack(old)).toEqual({ kind: "closed" });
      await gate.repair.fillHolders(lease, [["cid", [{ reservationId: "r3" }, { reservationId: "r4" }]]], true);
      await gate.repair.fillHolders(lease, [["dan", [{ reservationId: "r5" }]]], false);
      await gate.repair.fillDecided(lease, ["r6"], true);
      const stock = { sale: fixture.sale, product: fixture.inEpoch(2), available: 5, sequence: 40 };
      expect(await gate.repair.finish(lease, { ...stock, holders: 2, decided: 1 })).toBe("finished");
      expect(await statusOf(fixture)).toMatchObject({
        ...{ epoch: 2, available: 5, open: true, verified: true, sequence: 41, repairLeaseMs: 0 },
        ...{ holders: 2, returns: 1 },
      });
      for (const [user, id, named] of [
        ["cid", "r9", "r4"],
        ["dan", "r5", "r5"],
        ["eve", "r6", "r6"],
      ] as const) {
        expect(await gate.reserve(fixture.request(user, id))).toEqual({ kind: "replay", reservationId: named });
      }
      // The rebuilt gate does not know it.
      expect(await accept(gate, fixture.request("ann", "old"))).toMatchObject({ epoch: 2, sequence: 42 });
    });

    test("a unit that is released after the rebuilding comes back, whatever was filled in", async () => {
      const fixture = await armed();
      await rebuild(gate, fixture, {
        epoch: 2,
        available: 5,
        holders: [["ann", [{ reservationId: "r1" }]]],
        decided: ["r2"],
      });
      for (const [user, id] of [
        ["ann", "r1"],
        ["bob", "r2"],
      ] as const) {
        const stockReturn = { ...fixture.request(user, id), epoch: 2 };
        expect(await gate.giveBack(stockReturn)).toMatchObject({ kind: "returned" });
        expect(await gate.giveBack(stockReturn)).toMatchObject({ kind: "ignored" });
      }
      expect(await statusOf(fixture)).toMatchObject({ available: 7, holders: 0 });
    });

    test("a return of an epoch that the gate has not reached waits", async () => {
      const fixture = await armed();
      expect(await gate.giveBack({ ...fixture.request("ann", "r1"), epoch: 2 })).toEqual({ kind: "closed" });
    });

    test("a product that the gate does not know is closed, filled and opened in the same way", async () => {
      const fixture = saleFixture();
      const lease = leaseOf(fixture);
      expect(await gate.repair.begin(lease, 1)).toEqual({ kind: "changed" });
      expect(await place.traces(fixture.product)).toBe(0);
      expect(await gate.repair.begin(lease, undefined)).toMatchObject({ kind: "begun", epoch: 0 });
      expect(await gate.status(fixture.sale.id, fixture.product.id)).toBeUndefined();
      expect(await gate.giveBack({ ...fixture.request("ann", "r1"), epoch: 1 })).toEqual({ kind: "unknown" });
      await expect(gate.arm(fixture.sale, fixture.product, 10)).rejects.toThrow("under repair");
      expect(await gate.repair.begin(leaseOf(fixture), undefined)).toMatchObject({ kind: "busy" });
      await gate.repair.leave(lease);
      expect(await rebuild(gate, fixture, { epoch: 2, available: 7 })).toBe("finished");
      await accept(gate, fixture.request("ann", "r1"));
      expect(await gate.readOutbox(fixture.product, "relay", 10)).toHaveLength(1);
    });

    test("of two repairers the second waits for the lease, and then the first can do nothing more", async () => {
      const fixture = await armed();
      const [first, second] = [leaseOf(fixture, 60_000), leaseOf(fixture)];
      await gate.repair.begin(first, 1);
      expect(await otherGate.repair.begin(second, 1)).toMatchObject({ kind: "busy" });
      expect(await gate.repair.begin(first, 1)).toMatchObject({ kind: "begun" });
      await gate.repair.leave(second);
      expect(await otherGate.repair.begin(second, 1)).toMatchObject({ kind: "busy" });
      await gate.repair.leave(first);
      expect(await otherGate.repair.begin(second, 1)).toMatchObject({ kind: "begun" });
      expect(await gate.repair.fillHolders(first, [["ann", [{ reservationId: "r1" }]]], true)).toBe("lost");
      expect(await gate.repair.fillDecided(first, ["r1"], true)).toBe("lost");
      const stock = { sale: fixture.sale, product: fixture.inEpoch(2), available: 5, sequence: 0 };
      expect(await gate.repair.finish(first, { ...stock, holders: 0, decided: 0 })).toBe("lost");
      expect(await gate.repair.finish(second, { ...stock, holders: 1, decided: 0 })).toBe("lost");
      expect(await gate.repair.finish(second, { ...stock, holders: 0, decided: 0 })).toBe("finished");
      expect(await gate.repair.begin(leaseOf(fixture), 1)).toEqual({ kind: "changed" });
    });

    test("fills as many fields in one call as the limit says", async () => {
      const fixture = await armed();
      const lease = leaseOf(fixture);
      await gate.repair.begin(lease, 1);
      const holders = Array.from({ length: maxFilled }, (_, i) => [`u${i}`, [{ reservationId: `r${i}` }]] as const);
      await gate.repair.fillHolders(lease, holders, true);
      const decided = Array.from({ length: maxFilled }, (_, i) => `x${i}`);
      await gate.repair.fillDecided(lease, decided, true);
      expect(await statusOf(fixture)).toMatchObject({ holders: maxFilled, returns: maxFilled });
    });
  });
}
