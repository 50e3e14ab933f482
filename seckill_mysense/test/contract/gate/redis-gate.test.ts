import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Redis } from "ioredis";
import type { Gate } from "../../../src/gate/gate.ts";
import { productKeys } from "../../../src/gate/product-keys.ts";
import { createGate } from "../../../src/gate/redis-gate.ts";
import { accept, adopt, saleFixture } from "./gate-fixtures.ts";
import { gateServerKinds, type GateTestServer } from "./gate-servers.ts";

for (const kind of gateServerKinds) {
  describe.skipIf(kind.skipReason !== "")(`The gate's keys and scripts on ${kind.name}${kind.skipReason}`, () => {
    let server: GateTestServer;
    let gate: Gate;
    let redis: Redis;

    beforeAll(async () => {
      server = await kind.start();
      gate = createGate({ connection: { host: server.host, port: server.port }, timeoutMs: 10_000 });
      redis = new Redis(server.port, server.host);
    }, 30_000);

    afterAll(async () => {
      await gate.close();
      redis.disconnect();
      await server.stop();
    });

    async function armed() {
      const fixture = saleFixture();
      expect(await gate.arm(fixture.sale, fixture.product, fixture.product.total)).toBe("armed");
      return fixture;
    }

    test("a server that forgot the scripts is taught them again", async () => {
      const fixture = await armed();
      await redis.script("FLUSH");
      await accept(gate, fixture.request("ann", "r1"));
      expect(await gate.status(fixture.sale.id, fixture.product.id)).toMatchObject({ available: 9 });
    });

    test("a product that an older program has armed sells after it was compared", async () => {
      const fixture = await armed();
      await accept(gate, fixture.request("ann", "r1"));
      await redis.hdel(productKeys(fixture.product)[0], "server", "sequence");
      const status = await gate.status(fixture.sale.id, fixture.product.id);
      expect(status).toMatchObject({ verified: false, sequence: 0, available: 9 });
      expect(await gate.reserve(fixture.request("bob", "r2"))).toEqual({ kind: "closed" });
      await adopt(gate, fixture);
      expect(await accept(gate, fixture.request("bob", "r2"))).toMatchObject({ epoch: 2, sequence: 2 });
    });

    test("every key of a product expires some time after the end of the sale", async () => {
      const fixture = await armed();
      const reservation = await accept(gate, fixture.request("ann", "r1"));
      await gate.giveBack(reservation);
      await accept(gate, fixture.request("bob", "r2"));
      const lastMs = fixture.sale.endsAtMs + 7 * 24 * 3_600_000 - Date.now();
      for (const key of productKeys(fixture.product)) {
        const leftMs = await redis.pttl(key);
        expect(leftMs).toBeGreaterThan(lastMs - 600_000);
        expect(leftMs).toBeLessThanOrEqual(lastMs + 1_000);
      }
    });
  });
}
