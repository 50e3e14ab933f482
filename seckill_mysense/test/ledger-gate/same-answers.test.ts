import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Gate } from "../../src/gate/gate.ts";
import { createGate } from "../../src/gate/redis-gate.ts";
import { saleFixture } from "../contract/gate/gate-fixtures.ts";
import { gateServerKinds, type GateTestServer } from "../contract/gate/gate-servers.ts";
import { propertySettings } from "../gate/property-settings.ts";
import { idOf, ModeUnderTest, partsOf, type Step } from "./two-modes.ts";

const users = 5;
const reservations = 4;
const user = fc.nat(users - 1);
const nth = fc.nat(reservations - 1);
const timeoutMs = 120_000;

const simple = (
  ...names: Exclude<Step["do"], "reserve" | "restock" | "bundle" | "pay" | "cancel" | "payBundle" | "cancelBundle">[]
): fc.Arbitrary<Step> => fc.constantFrom(...names).map((name) => ({ do: name }));

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant("reserve" as const),
      asked: fc.array(fc.tuple(user, nth), { minLength: 1, maxLength: 6 }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom("pay" as const, "cancel" as const), user, nth }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("bundle" as const), user, nth }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom("payBundle" as const, "cancelBundle" as const), user, nth }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("restock" as const), units: fc.integer({ min: -4, max: 4 }) }) },
  { weight: 4, arbitrary: simple("expire", "raiseLimit", "pause", "resume", "pauseSale", "resumeSale") },
  { weight: 1, arbitrary: simple("end", "cancelSale") },
);
const sale = fc.record({ total: fc.integer({ min: 1, max: 6 }), limitPerUser: fc.integer({ min: 1, max: 3 }) });
const everyId = Array.from({ length: users * reservations }, (_none, index) => {
  const [one, other] = [Math.floor(index / reservations), index % reservations];
  return [idOf(one, other), ...partsOf(one, other)];
}).flat();

for (const kind of gateServerKinds) {
  describe.skipIf(kind.skipReason !== "")(`the ledger and a gate on ${kind.name}${kind.skipReason}`, () => {
    let server: GateTestServer;
    let gate: Gate;

    beforeAll(async () => {
      server = await kind.start();
      gate = createGate({ connection: { host: server.host, port: server.port }, timeoutMs: 10_000 });
    }, 30_000);
    afterAll(async () => {
      await gate.close();
      await server.stop();
    });

    test(
      "give the same answers to any sequence of reservations, payments, returns and changes, and end in the same state",
      async () => {
        await fc.assert(
          fc.asyncProperty(sale, fc.array(step, { maxLength: 30, size: "max" }), async (limits, steps) => {
            const fixture = saleFixture(limits);
            const withGate = await ModeUnderTest.open(fixture.sale, fixture.product, gate);
            const without = await ModeUnderTest.open(fixture.sale, fixture.product);
            try {
              for (const one of steps) {
                const [expected, given] = [await withGate.take(one), await without.take(one)];
                expect(given).toEqual(expected as object);
              }
              const end = await without.end(everyId);
              expect(end).toEqual((await withGate.end(everyId)) as object);
              expect(end).toMatchObject({ violated: [] });
            } finally {
              await withGate.close();
              await without.close();
            }
          }),
          propertySettings(40),
        );
      },
      timeoutMs,
    );
  });
}
