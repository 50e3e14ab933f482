import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Gate } from "../../../src/gate/gate.ts";
import { GateArmRefused, GateRequestInvalid } from "../../../src/gate/gate-errors.ts";
import { accept, kinds, rebuild, saleFixture } from "./gate-fixtures.ts";
import { gateKinds, ledgerGateKinds, type GatePlace } from "./gate-places.ts";

for (const kind of [...gateKinds, ...ledgerGateKinds]) {
  describe.skipIf(kind.skipReason !== "")(`The gate on ${kind.name}${kind.skipReason}`, () => {
    let place: GatePlace;
    let gate: Gate;
    let otherGate: Gate;

    beforeAll(async () => {
      place = await kind.open();
      ({ gate, otherGate } = place);
    }, 30_000);

    afterAll(() => place?.close());

    async function armed(options: Parameters<typeof saleFixture>[0] = {}) {
      const fixture = saleFixture(options);
      expect(await gate.arm(fixture.sale, fixture.product, fixture.product.total)).toBe("armed");
      return fixture;
    }

    /** What the ledger decides is recorded at once. */
    const inOutbox = (reservations: number): number => (kind.isLedger === true ? 0 : reservations);

    async function statusOf({ sale, product }: ReturnType<typeof saleFixture>) {
      const status = await gate.status(sale.id, product.id);
      if (status === undefined) throw new Error("the gate does not know the product");
      return status;
    }

    // Where the ledger decides, nothing is armed, given back or on its way.
    const describeGate = kind.isLedger === true ? (): void => {} : describe;

    describe("reserving", () => {
      test("a product that was never armed is closed", async () => {
        const fixture = saleFixture();
        expect(await gate.reserve(fixture.request("ann", "r1"))).toEqual({ kind: "closed" });
        expect(await gate.status(fixture.sale.id, fixture.product.id)).toBeUndefined();
      });

      test("an accepted reservation takes one unit and names its epoch and the server's time", async () => {
        const fixture = await armed();
        const beforeSeconds = await place.clockSeconds();
        const reservation = await accept(gate, fixture.request("ann", "r1"));
        const afterSeconds = await place.clockSeconds();
        expect(reservation).toMatchObject({ ...fixture.request("ann", "r1"), epoch: 1 });
        expect(reservation.acceptedAtMs).toBeGreaterThanOrEqual(beforeSeconds * 1_000);
        expect(reservation.acceptedAtMs).toBeLessThan((afterSeconds + 1) * 1_000);
        expect(await statusOf(fixture)).toMatchObject({
          available: 9,
          total: 10,
          outboxLength: inOutbox(1),
          holders: 1,
        });
      });

      test("the same reservation again is a replay that takes nothing", async () => {
        const fixture = await armed();
        await accept(gate, fixture.request("ann", "r1"));
        expect(await otherGate.reserve(fixture.request("ann", "r1"))).toEqual({ kind: "replay", reservationId: "r1" });
        expect(await statusOf(fixture)).toMatchObject({ available: 9, outboxLength: inOutbox(1) });
      });

      test("a second reservation of a buyer at the limit names the one that the buyer holds", async () => {
        const fixture = await armed();
        await accept(gate, fixture.request("ann", "r1"));
        expect(await gate.reserve(fixture.request("ann", "r2"))).toEqual({ kind: "replay", reservationId: "r1" });
        expect(await statusOf(fixture)).toMatchObject({ available: 9, outboxLength: inOutbox(1) });
      });

      test("a limit of two lets a buyer hold two, and replays each by its own id", async () => {
        const fixture = await armed({ limitPerUser: 2 });
        await accept(gate, fixture.request("ann", "r1"));
        await accept(gate, fixture.request("ann", "r2"));
        expect(await gate.reserve(fixture.request("ann", "r1"))).toEqual({ kind: "replay", reservationId: "r1" });
        expect(await gate.reserve(fixture.request("ann", "r3"))).toEqual({ kind: "replay", reservationId: "r2" });
        expect(await statusOf(fixture)).toMatchObject({ available: 8, holders: 1 });
      });

      test("when the stock is gone it is sold out, but holders still get their replay", async () => {
        const fixture = await armed({ total: 1 });
        await accept(gate, fixture.request("ann", "r1"));
        expect(await gate.reserve(fixture.request("bob", "r2"))).toEqual({ kind: "sold_out", epoch: 1, left: 0 });
        expect(await gate.reserve(fixture.request("ann", "r1"))).toEqual({ kind: "replay", reservationId: "r1" });
      });

      test("several units are reserved all at once, and count against the limit", async () => {
        const fixture = await armed({ total: 6, limitPerUser: 5 });
        const ask = (user: string, id: string, quantity: number) =>
          gate.reserve({ ...fixture.request(user, id), quantity });
        const before = (await statusOf(fixture)).sequence;
        const reservation = await accept(gate, { ...fixture.request("ann", "r1"), quantity: 3 });
        expect(reservation).toMatchObject({ quantity: 3, sequence: before + 1 });
        expect(await statusOf(fixture)).toMatchObject({ available: 3, sequence: before + 1 });
        expect(await ask("ann", "r1", 1)).toEqual({ kind: "replay", reservationId: "r1", quantity: 3 });
        expect(await ask("ann", "r2", 3)).toEqual({ kind: "over_limit", left: 2 });
        expect(await ask("bob", "r3", 4)).toEqual({ kind: "sold_out", epoch: 1, left: 3 });
        expect(await ask("bob", "r3", 6)).toEqual({ kind: "over_limit", left: 5 });
        expect(await ask("ann", "r2", 2)).toMatchObject({ kind: "accepted" });
        expect(await ask("ann", "r4", 1)).toEqual({ kind: "replay", reservationId: "r2", quantity: 2 });
        expect(await gate.holds(fixture.request("ann", "r1"))).toBe(true);
        expect(await statusOf(fixture)).toMatchObject({ available: 1, holders: 1, sequence: before + 2 });
      });

      test("before the start nothing is sold, and the start is named", async () => {
        const fixture = await armed({ startsInMs: 3_600_000, endsInMs: 7_200_000 });
        const outcome = await gate.reserve(fixture.request("ann", "r1"));
        expect(outcome).toEqual({ kind: "not_started", startsAtMs: fixture.sale.startsAtMs });
        expect(await statusOf(fixture)).toMatchObject({ available: 10, outboxLength: 0 });
      });

      test("after the end nothing is sold, but a reservation made in time is still answered", async () => {
        const fixture = await armed();
        await accept(gate, fixture.request("ann", "r1"));
        await place.moveEnd(fixture.product, Date.now() - 60_000);
        expect(await gate.reserve(fixture.request("bob", "r2"))).toEqual({ kind: "ended" });
        expect(await gate.reserve(fixture.request("ann", "r1"))).toEqual({ kind: "replay", reservationId: "r1" });
        expect(await gate.reserve(fixture.request("ann", "r3"))).toEqual({ kind: "ended" });
        expect(await statusOf(fixture)).toMatchObject({ available: 9, outboxLength: inOutbox(1) });
      });

      test("a gate that fell back to an older epoch than the caller knows is closed", async () => {
        const fixture = await armed();
        expect(await gate.reserve(fixture.request("ann", "r1"), { minEpoch: 2 })).toEqual({ kind: "closed" });
        expect(await gate.reserve(fixture.request("ann", "r1"), { minEpoch: 1 })).toMatchObject({ kind: "accepted" });
      });

      test("reservations of one turn are decided in order, each knowing the ones before", async () => {
        const fixture = await armed({ total: 2 });
        const requests = [
          fixture.request("ann", "r1"),
          fixture.request("ann", "r1"),
          fixture.request("ann", "r2"),
          fixture.request("bob", "r3"),
          fixture.request("cid", "r4"),
        ];
        const outcomes = await Promise.all(requests.map((request) => gate.reserve(request)));
        expect(outcomes.map((outcome) => outcome.kind)).toEqual([
          "accepted",
          "replay",
          "replay",
          "accepted",
          "sold_out",
        ]);
        expect(outcomes[2]).toEqual({ kind: "replay", reservationId: "r1" });
      });

      test("a crowd through two gates gets exactly the stock, and no user two units", async () => {
        const fixture = await armed({ total: 100 });
        const requests = Array.from({ length: 2_000 }, (_, i) => fixture.request(`user-${i % 500}`, `r${i}`));
        const outcomes = await Promise.all(
          requests.map((request, i) => (i % 2 === 0 ? gate : otherGate).reserve(request)),
        );
        const winners = outcomes.flatMap((outcome) =>
          outcome.kind === "accepted" ? [outcome.reservation.userId] : [],
        );
        expect(winners).toHaveLength(100);
        expect(new Set(winners).size).toBe(100);
        // A winner's later requests are replays.
        const { accepted, replay, sold_out, ...others } = kinds(outcomes);
        expect(others).toEqual({});
        expect(accepted! + (replay ?? 0) + sold_out!).toBe(2_000);
        expect(await statusOf(fixture)).toMatchObject({ available: 0, outboxLength: inOutbox(100), holders: 100 });
      });

      test("products do not touch each other", async () => {
        const [one, two] = [await armed({ total: 1 }), await armed({ total: 1 })];
        const outcomes = await Promise.all([
          gate.reserve(one.request("ann", "r1")),
          gate.reserve(two.request("ann", "r2")),
        ]);
        expect(outcomes.map((outcome) => outcome.kind)).toEqual(["accepted", "accepted"]);
      });

      test("an id that could not be stored is refused by name, before anything is sent", async () => {
        const fixture = await armed();
        for (const [userId, reservationId, named] of [
          ["", "r1", "user id"],
          ["ann bee", "r1", "user id"],
          ["ann\u0085", "r1", "user id"],
          ["ann \ud83d", "r1", "user id"],
          ["ann", "r}1", "reservation id"],
          ["ann", "r".repeat(65), "reservation id must be 1 to 64 characters"],
          ["ann", "r\n1", "reservation id"],
        ] as const) {
          const refused = gate.reserve(fixture.request(userId, reservationId));
          await expect(refused).rejects.toThrow(GateRequestInvalid);
          await expect(refused).rejects.toThrow(named);
        }
        const colon = gate.reserve({ ...fixture.request("ann", "r1"), saleId: "a:b" });
        await expect(colon).rejects.toThrow('sale id must not contain ":"');
        expect(await statusOf(fixture)).toMatchObject({ available: 10 });
      });
    });

    describeGate("arming", () => {
      test("a second warm-up in mid-sale changes nothing", async () => {
        const fixture = await armed();
        await accept(gate, fixture.request("ann", "r1"));
        expect(await otherGate.arm(fixture.sale, fixture.product, 10)).toBe("already_armed");
        expect(await statusOf(fixture)).toMatchObject({ available: 9, outboxLength: 1, epoch: 1 });
      });

      test("of many simultaneous calls of arm, one arms", async () => {
        const fixture = saleFixture();
        const arms = Array.from({ length: 20 }, (_, i) =>
          (i % 2 === 0 ? gate : otherGate).arm(fixture.sale, fixture.product, 10),
        );
        const outcomes = await Promise.all(arms);
        expect(outcomes.filter((outcome) => outcome === "armed")).toHaveLength(1);
      });

      test("another epoch is refused and changes nothing: only a repair knows all orders", async () => {
        const fixture = saleFixture();
        await gate.arm(fixture.sale, fixture.inEpoch(3), 5);
        for (const epoch of [2, 4]) {
          const refused = gate.arm(fixture.sale, fixture.inEpoch(epoch), 10);
          await expect(refused).rejects.toThrow(GateArmRefused);
          await expect(refused).rejects.toThrow("the gate is at epoch 3 already");
        }
        expect(await statusOf(fixture)).toMatchObject({ epoch: 3, available: 5 });
      });

      test("figures that cannot be right are refused by name", async () => {
        const { sale, product } = saleFixture({ total: 10 });
        await expect(gate.arm(sale, product, 11)).rejects.toThrow(
          "available must be an integer from 0 to 10, but is 11",
        );
        await expect(gate.arm(sale, product, -1)).rejects.toThrow("available must be");
        await expect(gate.arm(sale, product, 1.5)).rejects.toThrow("available must be");
        await expect(gate.arm(sale, { ...product, limitPerUser: 0 }, 10)).rejects.toThrow("limitPerUser must be");
        await expect(gate.arm(sale, { ...product, epoch: 0 }, 10)).rejects.toThrow("epoch must be");
        await expect(gate.arm({ ...sale, id: "other" }, product, 10)).rejects.toThrow("belongs to sale");
        expect(await gate.status(sale.id, product.id)).toBeUndefined();
      });
    });

    describeGate("giving back", () => {
      test("several units travel and come back together", async () => {
        const fixture = await armed({ total: 6, limitPerUser: 5 });
        const ask = (id: string, quantity: number) => gate.reserve({ ...fixture.request("ann", id), quantity });
        const reservation = await accept(gate, { ...fixture.request("ann", "r1"), quantity: 3 });
        await ask("r2", 2);
        const entries = await gate.readOutbox(fixture.product, "relay", 10);
        expect(entries.map((entry) => entry.reservation.quantity)).toEqual([3, 2]);
        expect(await gate.giveBack({ ...reservation, epoch: 1 })).toMatchObject({ kind: "returned", sequence: 4 });
        expect(await gate.giveBack({ ...reservation, epoch: 1 })).toMatchObject({ kind: "ignored" });
        expect(await statusOf(fixture)).toMatchObject({ available: 4, total: 6, holders: 1 });
        expect(await gate.holds(fixture.request("ann", "r1"))).toBe(false);
        expect(await ask("r1", 3)).toEqual({ kind: "replay", reservationId: "r1" });
      });

      test("puts the unit back once, and the buyer may buy again with a new reservation", async () => {
        const fixture = await armed({ total: 1 });
        const reservation = await accept(gate, fixture.request("ann", "r1"));
        expect(await gate.giveBack(reservation)).toMatchObject({ kind: "returned" });
        expect(await gate.giveBack(reservation)).toMatchObject({ kind: "ignored" });
        expect(await statusOf(fixture)).toMatchObject({ available: 1, holders: 0, returns: 1 });
        await accept(gate, fixture.request("ann", "r2"));
        expect(await gate.giveBack(reservation)).toMatchObject({ kind: "ignored" });
        expect(await gate.holds(fixture.request("ann", "r2"))).toBe(true);
        expect(await statusOf(fixture)).toMatchObject({ available: 0 });
      });

      test("a reservation whose unit went back is spent: its replay takes nothing", async () => {
        const fixture = await armed();
        await gate.giveBack(await accept(gate, fixture.request("ann", "r1")));
        expect(await gate.reserve(fixture.request("ann", "r1"))).toEqual({ kind: "replay", reservationId: "r1" });
        expect(await statusOf(fixture)).toMatchObject({ available: 10, holders: 0 });
      });

      test("of several reservations only the named one is given up", async () => {
        const fixture = await armed({ limitPerUser: 3 });
        for (const id of ["r1", "r2", "r3"]) await accept(gate, fixture.request("ann", id));
        await gate.giveBack({ ...fixture.request("ann", "r2"), epoch: 1 });
        const held = await Promise.all(["r1", "r2", "r3"].map((id) => gate.holds(fixture.request("ann", id))));
        expect(held).toEqual([true, false, true]);
      });

      test("a unit of an older epoch does not come back, yet its buyer is free", async () => {
        const fixture = await armed();
        const reservation = await accept(gate, fixture.request("ann", "r1"));
        await rebuild(gate, fixture, { epoch: 2, available: 9, holders: [["ann", [{ reservationId: "r1" }]]] });
        const { sequence } = await statusOf(fixture);
        // A gate that fell back behind this answer would hold the buyer for ever, so the answer must be noticed.
        const mark = { epoch: 2, sequence: sequence + 1 };
        expect(await gate.giveBack(reservation)).toEqual({ kind: "ignored", ...mark });
        expect(await gate.giveBack(reservation)).toEqual({ kind: "ignored", ...mark });
        expect(await statusOf(fixture)).toMatchObject({ available: 9, sequence: sequence + 1 });
        await accept(gate, fixture.request("ann", "r2"));
      });

      test("never exceeds the total, whatever is given back", async () => {
        const fixture = await armed({ total: 2 });
        const unknown = { ...fixture.request("ann", "never-accepted"), epoch: 1 };
        expect(await gate.giveBack(unknown)).toMatchObject({ kind: "ignored" });
        expect(await statusOf(fixture)).toMatchObject({ available: 2 });
      });

      test("to a product that the gate does not know takes nothing and leaves nothing behind", async () => {
        const fixture = saleFixture();
        expect(await gate.giveBack({ ...fixture.request("ann", "r1"), epoch: 1 })).toEqual({ kind: "unknown" });
        expect(await place.traces(fixture.product)).toBe(0);
      });
    });

    describe("holding", () => {
      test("names exactly the accepted reservations of exactly their users", async () => {
        const fixture = await armed();
        expect(await gate.holds(fixture.request("ann", "r1"))).toBe(false);
        await accept(gate, fixture.request("ann", "r1"));
        expect(await gate.holds(fixture.request("ann", "r1"))).toBe(true);
        expect(await gate.holds(fixture.request("ann", "r"))).toBe(false);
        expect(await gate.holds(fixture.request("bob", "r1"))).toBe(false);
      });
    });

    describeGate("the outbox", () => {
      test("is empty for a product that was never armed", async () => {
        const { product } = saleFixture();
        expect(await gate.readOutbox(product, "relay", 10)).toEqual([]);
        expect(await gate.claimOutbox(product, "relay", 10, 0)).toEqual([]);
        await gate.forgetRelays(product, 0);
        expect(await place.traces(product)).toBe(0);
      });

      test("hands out what was accepted, in order, exactly as the buyer was told", async () => {
        const fixture = await armed();
        const accepted = [];
        for (const id of ["r1", "r2", "r3"]) accepted.push(await accept(gate, fixture.request(`user-of-${id}`, id)));
        const entries = await gate.readOutbox(fixture.product, "relay", 10);
        expect(entries.map((entry) => entry.reservation)).toEqual(accepted);
      });

      test("carries the trace of each purchase that has one", async () => {
        const fixture = await armed();
        const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        const requests = [
          fixture.request("ann", "r1"),
          { ...fixture.request("bob", "r2"), traceparent },
          fixture.request("eve", "r3"),
        ];
        await Promise.all(requests.map((request) => accept(gate, request)));
        const entries = await gate.readOutbox(fixture.product, "relay", 10);
        const traces = entries.map(({ reservation }) => [reservation.reservationId, reservation.traceparent]);
        expect(traces).toEqual([
          ["r1", undefined],
          ["r2", traceparent],
          ["r3", undefined],
        ]);
      });

      test("gives each entry to one relay, and no more than asked for", async () => {
        const fixture = await armed();
        for (const id of ["r1", "r2", "r3"]) await accept(gate, fixture.request(id, id));
        const first = await gate.readOutbox(fixture.product, "relay-a", 2);
        const second = await otherGate.readOutbox(fixture.product, "relay-b", 10);
        expect([...first, ...second].map((entry) => entry.reservation.reservationId)).toEqual(["r1", "r2", "r3"]);
        expect(first).toHaveLength(2);
        expect(await gate.readOutbox(fixture.product, "relay-a", 10)).toEqual([]);
      });

      test("keeps what was read until it is acknowledged, and then forgets it", async () => {
        const fixture = await armed();
        for (const id of ["r1", "r2"]) await accept(gate, fixture.request(id, id));
        const entries = await gate.readOutbox(fixture.product, "relay", 10);
        expect(await statusOf(fixture)).toMatchObject({ outboxLength: 2 });
        await gate.acknowledgeOutbox(fixture.product, [entries[0]!.entryId]);
        await gate.acknowledgeOutbox(fixture.product, [entries[0]!.entryId]);
        await gate.acknowledgeOutbox(fixture.product, []);
        expect(await statusOf(fixture)).toMatchObject({ outboxLength: 1 });
        expect(await gate.claimOutbox(fixture.product, "other", 10, 0)).toEqual([entries[1]!]);
        expect(await place.unacknowledged(fixture.product)).toBe(1);
      });

      test("lets another relay claim what one left, but not what is still fresh", async () => {
        const fixture = await armed();
        await accept(gate, fixture.request("ann", "r1"));
        const entries = await gate.readOutbox(fixture.product, "dead", 10);
        expect(await gate.claimOutbox(fixture.product, "alive", 10, 3_600_000)).toEqual([]);
        expect(await gate.claimOutbox(fixture.product, "alive", 10, 0)).toEqual(entries);
      });

      test("takes back acknowledgements by the thousand", async () => {
        const fixture = await armed({ total: 3_000 });
        await Promise.all(Array.from({ length: 2_500 }, (_, i) => gate.reserve(fixture.request(`u${i}`, `r${i}`))));
        const ids: string[] = [];
        for (let i = 0; i < 3; i++) {
          const entries = await gate.readOutbox(fixture.product, "relay", 1_000);
          ids.push(...entries.map((entry) => entry.entryId));
        }
        await gate.acknowledgeOutbox(fixture.product, ids);
        expect(ids).toHaveLength(2_500);
        expect(await statusOf(fixture)).toMatchObject({ available: 500, outboxLength: 0 });
      });

      test("forgets silent relays that hold nothing, and only those", async () => {
        const fixture = await armed();
        for (const id of ["r1", "r2"]) await accept(gate, fixture.request(id, id));
        await gate.readOutbox(fixture.product, "holder", 1);
        const [entry] = await gate.readOutbox(fixture.product, "idle", 1);
        await gate.acknowledgeOutbox(fixture.product, [entry!.entryId]);
        await gate.forgetRelays(fixture.product, 3_600_000);
        expect(await place.relays(fixture.product)).toEqual(["holder", "idle"]);
        await gate.forgetRelays(fixture.product, 0);
        expect(await place.relays(fixture.product)).toEqual(["holder"]);
      });

      test("refuses a batch beyond its limit", async () => {
        const { product } = saleFixture();
        await expect(gate.readOutbox(product, "relay", 0)).rejects.toThrow(
          "limit must be an integer from 1 to 1000, but is 0",
        );
        await expect(gate.claimOutbox(product, "relay", 1_001, 0)).rejects.toThrow("but is 1001");
      });
    });
  });
}
