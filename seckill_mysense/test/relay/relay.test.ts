import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { AcceptedReservation } from "../../src/domain/reservation.ts";
import type { Gate } from "../../src/gate/gate.ts";
import type { GateProduct } from "../../src/gate/product-keys.ts";
import { createGate } from "../../src/gate/redis-gate.ts";
import { startRelay, type Relay, type RelayOptions } from "../../src/relay/relay.ts";
import { HealthBoard } from "../../src/health/health-board.ts";
import type { Logger } from "../../src/logging/logger.ts";
import { embeddedQueue } from "../../src/queue/embedded-queue.ts";
import type { ReservationQueue } from "../../src/queue/queue.ts";
import { startProcess, temporaryFolder, waitUntil } from "../../../tools/test-services/index.ts";
import { saleFixture, type SaleFixture } from "../contract/gate/gate-fixtures.ts";
import { gateServerKinds, type GateTestServer } from "../contract/gate/gate-servers.ts";
import { collect, idsOf } from "../contract/queue/queue-fixtures.ts";

const testTimeoutMs = 60_000;

/** A queue whose `publish` is the test's own. */
function scriptedQueue(publish: (reservations: readonly AcceptedReservation[]) => Promise<void>): ReservationQueue {
  const unused = (): never => {
    throw new Error("a relay only publishes");
  };
  return { publish, consume: unused, depth: unused, close: async () => {} };
}

for (const kind of gateServerKinds) {
  describe.skipIf(kind.skipReason !== "")(`The relay on ${kind.name}${kind.skipReason}`, () => {
    const folder = temporaryFolder("test-relay");
    let server: GateTestServer;
    let gate: Gate;
    let relays: Relay[];

    beforeAll(async () => {
      server = await kind.start({ durable: true });
      gate = createGate({ connection: { host: server.host, port: server.port }, timeoutMs: 5_000 });
    }, 30_000);

    afterAll(async () => {
      await gate.close();
      await server.stop();
    });

    beforeEach(() => void (relays = []));

    afterEach(() => Promise.all(relays.map((relay) => relay.stop())));

    function start(options: Pick<RelayOptions, "queue" | "products"> & Partial<RelayOptions>): Relay {
      const relay = startRelay({ gate, relayName: `relay-${randomUUID()}`, productsEveryMs: 20, ...options });
      relays.push(relay);
      return relay;
    }

    async function soldOut(total: number): Promise<SaleFixture> {
      const fixture = saleFixture({ total });
      await gate.arm(fixture.sale, fixture.product, total);
      const buyers = Array.from({ length: total }, (_, i) =>
        fixture.request(`user-${i}`, `${fixture.product.id}-${i}`),
      );
      await Promise.all(buyers.map((buyer) => gate.reserve(buyer)));
      return fixture;
    }

    const idsOfAll = (fixture: SaleFixture): string[] =>
      Array.from({ length: fixture.product.total }, (_, i) => `${fixture.product.id}-${i}`).toSorted();

    const untilDrained = (fixture: SaleFixture): Promise<void> =>
      waitUntil(async () => (await gate.status(fixture.sale.id, fixture.product.id))?.outboxLength === 0, {
        what: `the outbox of ${fixture.product.id} to be empty`,
        timeoutMs: 20_000,
      });

    test(
      "carries every reservation of every product to the queue, and empties the outboxes",
      async () => {
        const fixtures = [await soldOut(1_200), await soldOut(300), await soldOut(1)];
        const queue = embeddedQueue({ file: join(folder, randomUUID()) });
        const relay = start({ queue, products: () => fixtures.map((fixture) => fixture.product) });
        for (const fixture of fixtures) await untilDrained(fixture);
        expect(relay.published).toBe(1_501);
        const consumer = await collect(queue);
        await consumer.untilCount(1_501);
        await queue.close();
        expect(idsOf(consumer.deliveries).map(String).toSorted()).toEqual(fixtures.flatMap(idsOfAll).toSorted());
        expect(consumer.deliveries[0]!.reservation).toMatchObject({ epoch: 1, saleId: fixtures[0]!.sale.id });
      },
      testTimeoutMs,
    );

    test(
      "passes on what is reserved while it runs, also for a product that is armed and listed later",
      async () => {
        const [early, late] = [saleFixture(), saleFixture()];
        await gate.arm(early.sale, early.product, 10);
        const published: string[] = [];
        const queue = scriptedQueue(async (batch) => void published.push(...batch.map((r) => r.reservationId)));
        let listed: GateProduct[] = [early.product];
        start({ queue, products: () => listed });
        await gate.reserve(early.request("ann", "r1"));
        await untilDrained(early);
        listed = [early.product, late.product];
        await gate.arm(late.sale, late.product, 10);
        await gate.reserve(late.request("ann", "r2"));
        await untilDrained(late);
        await gate.reserve(early.request("bob", "r3"));
        await untilDrained(early);
        expect(published).toEqual(["r1", "r2", "r3"]);
      },
      testTimeoutMs,
    );

    test(
      "shares the work with other relays and publishes nothing twice while all is well",
      async () => {
        const fixture = await soldOut(2_000);
        const published: string[] = [];
        const queue = scriptedQueue(async (batch) => void published.push(...batch.map((r) => r.reservationId)));
        for (let i = 0; i < 3; i++) start({ queue, products: () => [fixture.product], batch: 50 });
        await untilDrained(fixture);
        expect(published.toSorted()).toEqual(idsOfAll(fixture));
      },
      testTimeoutMs,
    );

    test(
      "acknowledges only what the queue has confirmed",
      async () => {
        const fixture = await soldOut(5);
        const confirm = Promise.withResolvers<void>();
        const publishing = Promise.withResolvers<void>();
        const queue = scriptedQueue(() => {
          publishing.resolve();
          return confirm.promise;
        });
        start({ queue, products: () => [fixture.product] });
        await publishing.promise;
        expect(await gate.status(fixture.sale.id, fixture.product.id)).toMatchObject({ outboxLength: 5 });
        confirm.resolve();
        await untilDrained(fixture);
      },
      testTimeoutMs,
    );

    test(
      "tries a publish again until the queue takes it, and reports the outage once",
      async () => {
        const fixture = await soldOut(5);
        const tries: string[][] = [];
        const lines: string[] = [];
        const note = (message: string, { reason = "" } = {}) => void lines.push(`${message} ${reason}`.trim());
        const logger = { debug: note, info: note, warn: note, error: note } as Logger;
        const health = new HealthBoard({ logger, now: Date.now }).part("relay");
        const queue = scriptedQueue(async (batch) => {
          tries.push(batch.map((r) => r.reservationId));
          if (tries.length < 5) throw new Error("the broker is away");
        });
        start({ queue, products: () => [fixture.product], health });
        await untilDrained(fixture);
        expect(tries).toHaveLength(5);
        for (const ids of tries) expect(ids.toSorted()).toEqual(idsOfAll(fixture));
        const what = `it cannot publish the reservations of product ${fixture.product.id}: Error: the broker is away`;
        expect(lines).toEqual([`a part is down ${what}`, "a part is well again"]);
      },
      testTimeoutMs,
    );

    test(
      "leaves what it could not publish to the next relay when it is stopped",
      async () => {
        const fixture = await soldOut(5);
        const tried = Promise.withResolvers<void>();
        const broken = scriptedQueue(async () => {
          tried.resolve();
          throw new Error("the broker is away");
        });
        const first = start({ queue: broken, products: () => [fixture.product] });
        await tried.promise;
        await first.stop();
        expect(await gate.status(fixture.sale.id, fixture.product.id)).toMatchObject({ outboxLength: 5 });
        const published: string[] = [];
        const queue = scriptedQueue(async (batch) => void published.push(...batch.map((r) => r.reservationId)));
        start({ queue, products: () => [fixture.product], claimIdleMs: 0, claimEveryMs: 20 });
        await untilDrained(fixture);
        expect(published.toSorted()).toEqual(idsOfAll(fixture));
      },
      testTimeoutMs,
    );

    test(
      "serves a product that is no longer listed until its outbox is empty, and then lets it go",
      async () => {
        const fixture = await soldOut(700);
        let listed: GateProduct[] = [fixture.product];
        let asked = 0;
        const counting: Gate = {
          ...gate,
          readOutbox: (...args) => {
            asked += 1;
            return gate.readOutbox(...args);
          },
        };
        const mayPublish = Promise.withResolvers<void>();
        const first = Promise.withResolvers<void>();
        const queue = scriptedQueue(() => {
          first.resolve();
          return mayPublish.promise;
        });
        let listings = 0;
        start({ gate: counting, queue, products: () => ((listings += 1), listed), batch: 100 });
        await first.promise;
        listed = [];
        const before = listings;
        await waitUntil(() => listings > before, { what: "another look at the products", timeoutMs: 10_000 });
        mayPublish.resolve();
        await untilDrained(fixture);
        let last = -1;
        await waitUntil(() => last === (last = asked), {
          what: "the end of the lane",
          timeoutMs: 10_000,
          intervalMs: 200,
        });
      },
      testTimeoutMs,
    );

    test(
      "serves a product that is no longer listed until it could claim what a dead relay left",
      async () => {
        const fixture = await soldOut(3);
        await gate.readOutbox(fixture.product, "dead", 10);
        const published: string[] = [];
        const queue = scriptedQueue(async (batch) => void published.push(...batch.map((r) => r.reservationId)));
        let listings = 0;
        const products = () => (listings++ === 0 ? [fixture.product] : []);
        start({ queue, products, claimIdleMs: 400, claimEveryMs: 20 });
        await untilDrained(fixture);
        expect(published.toSorted()).toEqual(idsOfAll(fixture));
      },
      testTimeoutMs,
    );

    test(
      "has one lane for each product, however often it is listed, and waits for all of them when stopped",
      async () => {
        const fixture = await soldOut(40);
        let [running, most, listings] = [0, 0, 0];
        const queue = scriptedQueue(async () => {
          running += 1;
          most = Math.max(most, running);
          await Bun.sleep(20);
          running -= 1;
        });
        const products = () => ((listings += 1), [fixture.product, fixture.product]);
        const relay = start({ queue, products, batch: 1, productsEveryMs: 1 });
        await waitUntil(() => listings >= 10 && running > 0, { what: "ten listings", timeoutMs: 10_000 });
        await relay.stop();
        expect([running, most]).toEqual([0, 1]);
      },
      testTimeoutMs,
    );

    test(
      "goes on with the products it knows while they cannot be listed",
      async () => {
        const fixture = saleFixture();
        await gate.arm(fixture.sale, fixture.product, 10);
        const published: string[] = [];
        const queue = scriptedQueue(async (batch) => void published.push(...batch.map((r) => r.reservationId)));
        let listings = 0;
        start({
          queue,
          products: async () => {
            listings += 1;
            if (listings > 1) throw new Error("the ledger is away");
            return [fixture.product];
          },
        });
        await waitUntil(() => listings >= 3, { what: "failed listings", timeoutMs: 10_000 });
        await gate.reserve(fixture.request("ann", "r1"));
        await untilDrained(fixture);
        expect(published).toEqual(["r1"]);
      },
      testTimeoutMs,
    );

    test(
      "does not let a product in high demand hold up another",
      async () => {
        const crowded = await soldOut(2_000);
        const quiet = await soldOut(1);
        const published: string[] = [];
        const queue = scriptedQueue(async (batch) => {
          await Bun.sleep(5);
          published.push(...batch.map((r) => r.productId));
        });
        start({ queue, products: () => [crowded.product, quiet.product], batch: 10 });
        await untilDrained(quiet);
        await untilDrained(crowded);
        expect(published).toHaveLength(2_001);
        expect(published.indexOf(quiet.product.id)).toBeLessThan(1_000);
      },
      testTimeoutMs,
    );

    test(
      "killed between the confirm and its acknowledgement, it leaves duplicates and nothing else",
      async () => {
        const fixture = await soldOut(40);
        const file = join(folder, randomUUID());
        const script = join(import.meta.dir, "relay-without-acknowledgement.ts");
        const relay = await startProcess({
          cmd: [process.execPath, script, String(server.port), file, fixture.sale.id, fixture.product.id],
          readyWhen: "published 40",
        });
        await relay.kill("SIGKILL");
        expect(await gate.status(fixture.sale.id, fixture.product.id)).toMatchObject({ outboxLength: 40 });

        const queue = embeddedQueue({ file });
        start({ queue, products: () => [fixture.product], claimIdleMs: 0, claimEveryMs: 20 });
        await untilDrained(fixture);
        const consumer = await collect(queue);
        await consumer.untilCount(80);
        await relays[0]!.stop();
        await queue.close();
        expect(consumer.deliveries).toHaveLength(80);
        expect([...new Set(idsOf(consumer.deliveries).map(String))].toSorted()).toEqual(idsOfAll(fixture));
      },
      testTimeoutMs,
    );

    test(
      "survives the end of the gate's server, and goes on when it is back",
      async () => {
        const fixture = await soldOut(20);
        const published: string[] = [];
        const queue = scriptedQueue(async (batch) => void published.push(...batch.map((r) => r.reservationId)));
        await server.crash();
        start({ queue, products: () => [fixture.product], claimIdleMs: 0, claimEveryMs: 20 });
        await server.restart();
        await untilDrained(fixture);
        expect([...new Set(published)].toSorted()).toEqual(idsOfAll(fixture));
      },
      testTimeoutMs,
    );
  });
}

test("A relay refuses settings that cannot be right", () => {
  const queue = scriptedQueue(async () => {});
  const gate = {} as Gate;
  expect(() => startRelay({ gate, queue, products: () => [], relayName: "a b" })).toThrow("relay name must be");
  expect(() => startRelay({ gate, queue, products: () => [], relayName: "a", batch: 0 })).toThrow("batch must be");
});
