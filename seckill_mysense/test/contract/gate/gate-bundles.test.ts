import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Gate } from "../../../src/gate/gate.ts";
import { saleFixture } from "./gate-fixtures.ts";
import { gateKinds, type GatePlace } from "./gate-places.ts";

for (const kind of gateKinds) {
  describe.skipIf(kind.skipReason !== "")(`Parts of bundles at the gate on ${kind.name}${kind.skipReason}`, () => {
    let place: GatePlace;
    let gate: Gate;

    beforeAll(async () => {
      place = await kind.open();
      ({ gate } = place);
    }, 30_000);
    afterAll(() => place?.close());

    test("are named where the limit per user stands in the way, also when the user has bought something since", async () => {
      const { sale, product, request } = saleFixture({ total: 9, limitPerUser: 3 });
      await gate.arm(sale, product, product.total);
      const ask = (id: string, quantity = 1) => gate.reserve({ ...request("ann", id), quantity });
      expect((await ask("r1")).kind).toBe("accepted");
      expect(await ask("r2", 3)).toEqual({ kind: "over_limit", left: 2 });
      expect((await ask("bundle-a.1.2")).kind).toBe("accepted");
      expect(await ask("r3", 2)).toEqual({ kind: "over_limit", left: 1, parts: ["bundle-a.1.2"] });
      expect((await ask("r4")).kind).toBe("accepted");
      expect(await ask("r5")).toEqual({ kind: "replay", reservationId: "r4", parts: ["bundle-a.1.2"] });
      // The same reservation again is no matter of the limit.
      expect(await ask("r4")).toEqual({ kind: "replay", reservationId: "r4" });
    });
  });
}
