import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { AcceptedReservation, ReserveOutcome } from "../../src/domain/reservation.ts";
import { sumOfUnits, unitsOf } from "../../src/domain/units.ts";
import type { Gate } from "../../src/gate/gate.ts";
import { GateArmRefused } from "../../src/gate/gate-errors.ts";
import { createGate } from "../../src/gate/redis-gate.ts";
import { rebuild, saleFixture, type SaleFixture } from "../contract/gate/gate-fixtures.ts";
import { gateServerKinds, type GateTestServer } from "../contract/gate/gate-servers.ts";
import { GateModel } from "./gate-model.ts";
import { propertySettings } from "./property-settings.ts";

type Step =
  | { readonly do: "reserve"; readonly user: number; readonly nth: number; readonly quantity: number | undefined }
  | { readonly do: "holds"; readonly user: number; readonly nth: number }
  | ({ readonly do: "giveBack"; readonly user: number; readonly nth: number } & Returned)
  | { readonly do: "arm" }
  | { readonly do: "rebuild"; readonly available: number }
  | { readonly do: "relay"; readonly limit: number }
  | { readonly do: "close" };

interface Returned {
  readonly epoch: number;
  readonly quantity: number | undefined;
}

const user = fc.nat(4);
const quantity = fc.constantFrom(undefined, undefined, 1, 2, 3);
/** A reservation belongs to one user: it is that user's n-th request. */
const nth = fc.nat(3);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ do: fc.constant("reserve" as const), user, nth, quantity }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("giveBack" as const),
      ...{ user, nth, quantity, epoch: fc.integer({ min: 1, max: 3 }) },
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("holds" as const), user, nth }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("relay" as const), limit: fc.integer({ min: 1, max: 9 }) }) },
  { weight: 1, arbitrary: fc.constant({ do: "arm" as const }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("rebuild" as const), available: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.constant({ do: "close" as const }) },
);

const stock = fc.record({ total: fc.integer({ min: 3, max: 6 }), limitPerUser: fc.integer({ min: 1, max: 3 }) });

for (const kind of gateServerKinds) {
  describe.skipIf(kind.skipReason !== "")(`The gate on ${kind.name}${kind.skipReason}`, () => {
    let server: GateTestServer;
    let gates: [Gate, Gate];

    beforeAll(async () => {
      server = await kind.start();
      const connection = { host: server.host, port: server.port };
      gates = [
        createGate({ connection, timeoutMs: 10_000 }),
        createGate({ connection, timeoutMs: 10_000, maxBatch: 3 }),
      ];
    }, 30_000);

    afterAll(async () => {
      for (const gate of gates) await gate.close();
      await server.stop();
    });

    test("answers any sequence of steps as the plain model does", async () => {
      await fc.assert(
        fc.asyncProperty(stock, fc.array(step, { maxLength: 40, size: "max" }), async (limits, steps) => {
          const fixture = saleFixture(limits);
          const model = new GateModel(limits);
          await gates[0].arm(fixture.sale, fixture.product, limits.total);
          for (const next of steps) {
            expect(await perform(gates[0], fixture, next)).toEqual(predict(model, fixture, next));
            expect((await gates[0].status(fixture.sale.id, fixture.product.id))?.available).toBe(model.available);
          }
        }),
        propertySettings(120),
      );
    }, 60_000);

    test("keeps its promises to a crowd that reserves, repeats, gives back and re-arms all at once", async () => {
      await fc.assert(
        fc.asyncProperty(
          stock,
          fc.array(fc.array(step, { maxLength: 60, size: "max" }), { maxLength: 5, size: "max" }),
          async (limits, waves) => {
            const fixture = saleFixture(limits);
            await gates[0].arm(fixture.sale, fixture.product, limits.total);
            const accepted = new Map<string, AcceptedReservation>();
            const returned = new Set<string>();
            for (const wave of waves) await crowd(gates, fixture, wave, accepted, returned);
            await checkConservation(gates[0], fixture, limits, accepted, returned);
          },
        ),
        propertySettings(120),
      );
    }, 60_000);
  });
}

function reservationOf(fixture: SaleFixture, next: { user: number; nth: number; quantity?: number | undefined }) {
  const request = fixture.request(`user-${next.user}`, `r-${next.user}-${next.nth}`);
  return next.quantity === undefined ? request : { ...request, quantity: next.quantity };
}

function describeOutcome(outcome: ReserveOutcome): string {
  if (outcome.kind === "replay") return `replay ${unitsOf(outcome)} ${outcome.reservationId}`;
  return "left" in outcome ? `${outcome.kind} ${outcome.left}` : outcome.kind;
}

async function perform(gate: Gate, fixture: SaleFixture, next: Step): Promise<unknown> {
  switch (next.do) {
    case "reserve":
      return describeOutcome(await gate.reserve(reservationOf(fixture, next)));
    case "giveBack":
      return (await gate.giveBack({ ...reservationOf(fixture, next), epoch: next.epoch })).kind;
    case "holds":
      return gate.holds(reservationOf(fixture, next));
    case "arm":
      return gate.arm(fixture.sale, fixture.product, 0).catch((error: unknown) => {
        if (error instanceof GateArmRefused) return "refused";
        throw error;
      });
    case "rebuild": {
      const { epoch } = (await gate.status(fixture.sale.id, fixture.product.id))!;
      return rebuild(gate, fixture, { epoch: epoch + 1, available: next.available });
    }
    case "close": {
      const lease = { product: fixture.product, token: "closing", leaseMs: 60_000 };
      const { epoch } = (await gate.status(fixture.sale.id, fixture.product.id))!;
      const begun = await gate.repair.begin(lease, epoch);
      await gate.repair.leave(lease);
      return begun.kind;
    }
    case "relay": {
      const entries = await gate.readOutbox(fixture.product, "relay", next.limit);
      await gate.acknowledgeOutbox(
        fixture.product,
        entries.map((entry) => entry.entryId),
      );
      return entries.map((entry) => entry.reservation.reservationId);
    }
  }
}

function predict(model: GateModel, fixture: SaleFixture, next: Step): unknown {
  switch (next.do) {
    case "reserve":
      return model.reserve(reservationOf(fixture, next));
    case "giveBack":
      return model.giveBack({ ...reservationOf(fixture, next), epoch: next.epoch });
    case "holds":
      return model.holds(`user-${next.user}`, `r-${next.user}-${next.nth}`);
    case "arm":
      return model.epoch === 1 ? "already_armed" : "refused";
    case "rebuild":
      return model.rebuild(next.available);
    case "close":
      return model.close();
    case "relay":
      return model.takeOutbox(next.limit);
  }
}

/**
 * Does all steps of a wave at once, through two gates. As in the whole system, only accepted reservations are given
 * back, though perhaps several times, and arming again uses the same epoch.
 */
async function crowd(
  gates: readonly [Gate, Gate],
  fixture: SaleFixture,
  wave: readonly Step[],
  accepted: Map<string, AcceptedReservation>,
  returned: Set<string>,
): Promise<void> {
  const tasks = wave.map(async (next, i) => {
    const gate = gates[i % 2]!;
    if (next.do === "reserve") {
      const outcome = await gate.reserve(reservationOf(fixture, next));
      if (outcome.kind !== "accepted") return;
      const { reservationId } = outcome.reservation;
      expect(accepted.has(reservationId)).toBe(false);
      accepted.set(reservationId, outcome.reservation);
    } else if (next.do === "giveBack") {
      const held = accepted.get(reservationOf(fixture, next).reservationId);
      if (held === undefined || (await gate.giveBack(held)).kind === "ignored") return;
      expect(returned.has(held.reservationId)).toBe(false);
      returned.add(held.reservationId);
    } else if (next.do === "arm") {
      expect(await gate.arm(fixture.sale, fixture.product, fixture.product.total)).toBe("already_armed");
    }
  });
  await Promise.all(tasks);
}

async function checkConservation(
  gate: Gate,
  fixture: SaleFixture,
  { total, limitPerUser }: { total: number; limitPerUser: number },
  accepted: ReadonlyMap<string, AcceptedReservation>,
  returned: ReadonlySet<string>,
): Promise<void> {
  const held = [...accepted.values()].filter(({ reservationId }) => !returned.has(reservationId));
  const status = await gate.status(fixture.sale.id, fixture.product.id);
  expect(sumOfUnits(held)).toBeLessThanOrEqual(total);
  expect(status!.available + sumOfUnits(held)).toBe(total);
  const perUser = Map.groupBy(held, ({ userId }) => userId);
  for (const reservations of perUser.values()) expect(sumOfUnits(reservations)).toBeLessThanOrEqual(limitPerUser);
  expect(status!.holders).toBe(perUser.size);
  const entries = await gate.readOutbox(fixture.product, "relay", 1_000);
  const byId = (a: AcceptedReservation, b: AcceptedReservation) => a.reservationId.localeCompare(b.reservationId);
  const asMany = (reservation: AcceptedReservation) => ({ ...reservation, quantity: unitsOf(reservation) });
  expect(entries.map((entry) => asMany(entry.reservation)).toSorted(byId)).toEqual(
    [...accepted.values()].map(asMany).toSorted(byId),
  );
}
