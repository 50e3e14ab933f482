import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Redis } from "ioredis";
import type { ReservationRequest, ReserveOutcome } from "../../src/domain/reservation.ts";
import type { Gate } from "../../src/gate/gate.ts";
import { GateOutcomeUnknown, GateUnavailable } from "../../src/gate/gate-errors.ts";
import { createGate } from "../../src/gate/redis-gate.ts";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { accept, adopt, type SaleFixture, saleFixture } from "../contract/gate/gate-fixtures.ts";
import { gateServerKinds, type GateTestServer } from "../contract/gate/gate-servers.ts";

const testTimeoutMs = 60_000;

/** Asks like the gateway: repeats the same reservation id after an unknown outcome. */
async function insist(gate: Gate, request: ReservationRequest): Promise<ReserveOutcome> {
  for (let tries = 0; tries < 200; tries++) {
    try {
      const outcome = await gate.reserve(request);
      if (outcome.kind !== "closed") return outcome;
      await Bun.sleep(20);
    } catch (error) {
      if (!(error instanceof GateOutcomeUnknown || error instanceof GateUnavailable)) throw error;
      await Bun.sleep(20);
    }
  }
  throw new Error("the gate did not come back");
}

for (const kind of gateServerKinds) {
  describe.skipIf(kind.skipReason !== "")(`The gate on ${kind.name}${kind.skipReason}`, () => {
    let server: GateTestServer;
    let gates: Gate[];

    beforeEach(async () => {
      server = await kind.start({ durable: true });
      gates = [];
    }, 30_000);

    afterEach(async () => {
      await Promise.all(gates.map((gate) => gate.close()));
      await server.stop();
    });

    async function restartAndAdopt(fixture: SaleFixture): Promise<void> {
      await server.crash();
      await server.restart();
      await adopt(open({ timeoutMs: 10_000 }), fixture);
    }

    function open(options: { timeoutMs?: number; maxWaiting?: number; maxBatch?: number } = {}): Gate {
      const gate = createGate({ connection: { host: server.host, port: server.port }, ...options });
      gates.push(gate);
      return gate;
    }

    /** A gate with a short limit, which has a connection already. On a busy machine both may take longer than the limit. */
    async function openImpatient(fixture: SaleFixture): Promise<Gate> {
      await open({ timeoutMs: 10_000 }).arm(fixture.sale, fixture.product, 10);
      const gate = open({ timeoutMs: 300 });
      const asked = (): Promise<boolean> =>
        gate.status(fixture.sale.id, fixture.product.id).then(
          () => true,
          () => false,
        );
      await waitUntil(asked, { what: "a connection to the gate", timeoutMs: 10_000 });
      return gate;
    }

    test(
      "calls an outcome unknown when the server freezes, and a retry takes the unit only once",
      async () => {
        const fixture = saleFixture();
        const gate = await openImpatient(fixture);
        await server.freeze();
        const refused: unknown = await gate.reserve(fixture.request("ann", "r1")).catch((error: unknown) => error);
        expect(refused).toBeInstanceOf(GateOutcomeUnknown);
        expect(String(refused)).toContain("reserve: no answer from the gate server within 300 ms");
        await server.thaw();
        const outcome = await insist(gate, fixture.request("ann", "r1"));
        expect(["accepted", "replay"]).toContain(outcome.kind);
        const status = await open({ timeoutMs: 10_000 }).status(fixture.sale.id, fixture.product.id);
        expect(status).toMatchObject({ available: 9, outboxLength: 1 });
      },
      testTimeoutMs,
    );

    test(
      "is unavailable while the server is away, and works again by itself afterwards",
      async () => {
        const fixture = saleFixture();
        const gate = await openImpatient(fixture);
        await server.crash();
        const refused: unknown = await gate.reserve(fixture.request("ann", "r1")).catch((error: unknown) => error);
        // The first call may use the connection at the moment when it ends.
        if (!(refused instanceof GateOutcomeUnknown)) expect(refused).toBeInstanceOf(GateUnavailable);
        await expect(gate.reserve(fixture.request("bob", "r2"))).rejects.toThrow(
          "no connection to the gate server within 300 ms",
        );
        await server.restart();
        await waitUntil(
          () =>
            adopt(gate, fixture).then(
              () => true,
              () => false,
            ),
          { what: "the gate", timeoutMs: 10_000 },
        );
        expect(await insist(gate, fixture.request("ann", "r1"))).toMatchObject({ kind: "accepted" });
      },
      testTimeoutMs,
    );

    test(
      "refuses at once what would exceed the limit of waiting reservations",
      async () => {
        const gate = open({ timeoutMs: 1_000, maxWaiting: 5 });
        const fixture = saleFixture();
        await gate.arm(fixture.sale, fixture.product, 10);
        await server.crash();
        await gate.reserve(fixture.request("ann", "r0")).catch(() => undefined);
        const outcomes = await Promise.allSettled(
          Array.from({ length: 8 }, (_, i) => gate.reserve(fixture.request(`user-${i}`, `r${i}`))),
        );
        const reasons = outcomes.map((outcome) =>
          outcome.status === "rejected" ? String(outcome.reason) : "fulfilled",
        );
        expect(reasons.filter((reason) => reason.includes("5 reservations wait for the gate already"))).toHaveLength(3);
        expect(reasons.filter((reason) => reason.includes("no connection to the gate server"))).toHaveLength(5);
      },
      testTimeoutMs,
    );

    test(
      "loses nothing that it accepted when the server is killed in mid-sale",
      async () => {
        const fixture = saleFixture({ total: 3_000 });
        const gate = open({ timeoutMs: 2_000, maxBatch: 16 });
        await gate.arm(fixture.sale, fixture.product, 3_000);
        const accepted: string[] = [];
        let next = 0;
        const buyer = async (): Promise<void> => {
          while (next < 2_000) {
            const n = next++;
            if (n === 700) void restartAndAdopt(fixture);
            const outcome = await insist(gate, fixture.request(`user-${n}`, `r${n}`));
            // A replay here is a reservation that was accepted before its answer was lost with the server.
            if (outcome.kind === "accepted" || outcome.kind === "replay") accepted.push(`r${n}`);
          }
        };
        await Promise.all(Array.from({ length: 50 }, buyer));
        expect(accepted).toHaveLength(2_000);
        const status = await gate.status(fixture.sale.id, fixture.product.id);
        expect(status).toMatchObject({ available: 1_000, outboxLength: 2_000, holders: 2_000 });
        const entries = [];
        for (let i = 0; i < 2; i++) entries.push(...(await gate.readOutbox(fixture.product, "relay", 1_000)));
        expect(entries.map((entry) => entry.reservation.reservationId).toSorted()).toEqual(accepted.toSorted());
      },
      testTimeoutMs,
    );

    test(
      "rejects what is under way when it is closed, and everything afterwards",
      async () => {
        const fixture = saleFixture();
        const gate = await openImpatient(fixture);
        await server.freeze();
        const pending = gate.reserve(fixture.request("ann", "r1")).catch((error: unknown) => error);
        await Promise.all([gate.close(), pending]);
        expect(await pending).toBeInstanceOf(Error);
        await expect(gate.reserve(fixture.request("ann", "r1"))).rejects.toThrow("the gate is closed on this side");
        await server.thaw();
      },
      testTimeoutMs,
    );

    test(
      "takes nothing from a server that is out of memory",
      async () => {
        const gate = open();
        const fixture = saleFixture();
        await gate.arm(fixture.sale, fixture.product, 10);
        const redis = new Redis(server.port, server.host);
        try {
          await redis.config("SET", "maxmemory", "1");
          await expect(gate.reserve(fixture.request("ann", "r1"))).rejects.toThrow(GateUnavailable);
          await redis.config("SET", "maxmemory", "0");
          expect(await gate.status(fixture.sale.id, fixture.product.id)).toMatchObject({
            available: 10,
            outboxLength: 0,
            holders: 0,
          });
          await accept(gate, fixture.request("ann", "r1"));
        } finally {
          redis.disconnect();
        }
      },
      testTimeoutMs,
    );

    test(
      "says why it has no connection",
      async () => {
        const redis = new Redis(server.port, server.host);
        await redis.config("SET", "requirepass", "secret");
        redis.disconnect();
        const gate = open({ timeoutMs: 500 });
        const fixture = saleFixture();
        let reason = "";
        await waitUntil(
          async () => {
            reason = await gate.reserve(fixture.request("ann", "r1")).then(String, String);
            return reason.includes("NOAUTH");
          },
          { what: "the reason in the error", timeoutMs: 10_000 },
        );
        expect(reason).toContain("GateUnavailable: no connection to the gate server within 500 ms: NOAUTH");
      },
      testTimeoutMs,
    );
  });
}
