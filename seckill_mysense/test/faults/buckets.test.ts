import { describe, expect, test } from "bun:test";
import { type RunningNodes, startNodes } from "my-redis";
import { freePort, requireService, temporaryFolder, waitUntil } from "../../../tools/test-services/index.ts";
import { ReservationIds } from "../../src/authorization/reservation-ids.ts";
import { SaleTokens } from "../../src/authorization/sale-token.ts";
import { splitIntoBuckets } from "../../src/domain/buckets.ts";
import { amendProduct } from "../../src/sales/amend-product.ts";
import { TestBuyer } from "../fakes/test-buyer.ts";
import { testProduct, testSecret } from "../fakes/test-gateway.ts";
import { type GateServer, openShop, type Shop } from "./changing-shop.ts";
import { whatAskersWereTold } from "../simulation/crowd.ts";
import { untilVerified } from "./until-verified.ts";

const mariadb = requireService("mariadb");
const timeoutMs = 90_000;
const actor = "the merchant";
const saleId = "spring";

async function startRing(): Promise<GateServer & { readonly nodes: RunningNodes }> {
  const nodes = await startNodes({
    nodes: 3,
    port: await freePort(3),
    dir: temporaryFolder("ring"),
    directives: { appendonly: "yes", appendfsync: "always", "cluster-node-timeout": "1500" },
  });
  const cluster = nodes.nodes.map(({ port }) => ({ host: "127.0.0.1", port }));
  return { nodes, connection: { cluster }, stop: () => nodes.close() };
}

/** A running sale of one product in buckets, known to both gateways. */
async function startSale(shop: Shop, units: number, count: number): Promise<string[]> {
  const sale = { id: saleId, title: "Spring", startsAtMs: Date.now() - 1_000, endsAtMs: Date.now() + 3_600_000 };
  const buckets = splitIntoBuckets({ ...testProduct, saleId, total: units }, count);
  await shop.service.create(sale, buckets, { actor, state: "published" });
  for (const { id } of buckets) {
    await waitUntil(async () => (await shop.gate.status(saleId, id).catch(() => undefined)) !== undefined, {
      what: `${id} to be armed`,
      timeoutMs,
    });
  }
  for (const url of [shop.eastUrl, shop.westUrl]) {
    await waitUntil(async () => (await shown(url))?.available === units, { what: "the units to be shown", timeoutMs });
  }
  return buckets.map(({ id }) => id);
}

async function shown(url: string): Promise<{ total: number; available: number | null } | undefined> {
  const answer = await fetch(`${url}/api/sales/${saleId}`);
  if (answer.status !== 200) return undefined;
  const { sale } = (await answer.json()) as { sale: { products: { total: number; available: number | null }[] } };
  expect(sale.products).toHaveLength(1);
  return sale.products[0];
}

interface Buyer {
  readonly token: string;
  readonly bucket: string;
  readonly reservationId: string;
  /** The last answer: its status, and the reservation that it named. */
  status: number;
  held: string | undefined;
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

function unitsOf(totals: readonly ({ reserved: number; sold: number } | undefined)[]): number {
  return totals.reduce((sum, one) => sum + one!.reserved + one!.sold, 0);
}

/** Buyers with the tokens that the gateway would issue; with a bucket, only buyers of this one. */
function buyersOf(shop: Shop, count: number, bucket?: string): Buyer[] {
  const tokens = new SaleTokens([testSecret]);
  const ids = new ReservationIds([testSecret]);
  tokens.setSales([saleId]);
  const buyers: Buyer[] = [];
  for (let index = 0; buyers.length < count; index++) {
    const userId = `buyer-${index}`;
    const { id: productId } = shop.east.catalogue.findFor(testProduct.id, userId)!.product;
    if (bucket !== undefined && productId !== bucket) continue;
    const times = { notBeforeMs: Date.now() - 1_000, expiresAtMs: Date.now() + 3_600_000, queuePosition: 0 };
    const reservationId = ids.create(userId, productId);
    const token = tokens.issue({ saleId, productId, userId, reservationId, ...times });
    buyers.push({ token, bucket: productId, reservationId, status: 0, held: undefined });
  }
  return buyers;
}

async function ask(url: string, buyer: Buyer): Promise<number> {
  const headers = { authorization: `Bearer ${buyer.token}` };
  const answer = await fetch(`${url}/check?productID=${testProduct.id}`, { method: "POST", headers });
  const { reservation } = (await answer.json()) as { reservation?: string };
  buyer.status = answer.status;
  buyer.held = reservation;
  return answer.status;
}

async function unitsAtTheGate({ gate }: Shop, buckets: readonly string[]): Promise<number> {
  const states = await Promise.all(buckets.map((id) => gate.status(saleId, id)));
  return states.reduce((sum, state) => sum + state!.available, 0);
}

/** Also judges what the buyers were told. To one who was told to try again, nothing was said. */
async function expectVerified(
  { ledger, gate, queue, eastUrl }: Shop,
  { buyers, demandLeft }: { readonly buyers: readonly Buyer[]; readonly demandLeft: boolean },
): Promise<void> {
  const told = await whatAskersWereTold(
    () => eastUrl,
    buyers.filter(({ status }) => status !== 503),
  );
  await untilVerified({ saleId, ledger, gate, queue, told, atRest: true, demandLeft }, 20_000);
}

describe.skipIf(mariadb.missing)(`a product in buckets over the nodes of a ring${mariadb.reason}`, () => {
  test(
    "the buyers of one bucket get the units of all, and nobody is told sold out before",
    async () => {
      await using shop = await openShop(startRing);
      const buckets = await startSale(shop, 14, 4);
      const buyers = buyersOf(shop, 15, buckets[2]);
      const last = buyers.pop()!;
      for (const buyer of buyers) expect(await ask(shop.eastUrl, buyer)).toBe(202);
      expect(await ask(shop.westUrl, last)).toBe(410);
      expect(await ask(shop.eastUrl, buyers[0]!)).toBe(200);
      await expectVerified(shop, { buyers: [...buyers, last], demandLeft: true });
      const totals = (await shop.ledger.changes.read(saleId))!.products.map(({ total }) => total);
      expect(totals.reduce((sum, total) => sum + total, 0)).toBe(14);
    },
    timeoutMs,
  );

  test(
    "a crowd at two gateways, with units added and taken away, gets every unit and no false sold out",
    async () => {
      await using shop = await openShop(startRing);
      const buckets = await startSale(shop, 60, 6);
      const restock = (units: number) =>
        shop.service.change(saleId, { kind: "restock", productId: testProduct.id, units }, { actor });
      let accepted = 0;
      let isRestocked = false;
      const buyers = buyersOf(shop, 200);
      const crowd = buyers.map(async (buyer, index) => {
        const url = index % 2 === 0 ? shop.eastUrl : shop.westUrl;
        for (;;) {
          const isFinal = isRestocked;
          const status = await ask(url, buyer);
          if (status === 202 || status === 200) return void accepted++;
          // Nothing comes back in this test: what is sold out stays sold out.
          if (status === 410 && isFinal) return expect(await unitsAtTheGate(shop, buckets)).toBe(0);
          expect([410, 503]).toContain(status);
          await Bun.sleep(20);
        }
      });
      await repeatWhileMoving(() => restock(25));
      await repeatWhileMoving(() => restock(-5)).catch((error: unknown) => {
        expect(String(error)).toMatch(/units (is|cannot be)/);
      });
      // A gateway that does not know of the new units yet repeats an older refusal.
      for (const url of [shop.eastUrl, shop.westUrl]) {
        const totals = async () => (await shop.ledger.changes.read(saleId))!.products.map(({ total }) => total);
        await waitUntil(async () => (await shown(url))?.total === sumOf(await totals()), {
          what: "the gateway to know all units",
          timeoutMs,
        });
      }
      isRestocked = true;
      await Promise.all(crowd);
      const { products } = (await shop.ledger.changes.read(saleId))!;
      expect(accepted).toBe(products.reduce((sum, { total }) => sum + total, 0));
      await expectVerified(shop, { buyers, demandLeft: true });
    },
    timeoutMs,
  );

  test(
    "a bucket of a frozen node is no sold-out product: its units are sold when the node is back",
    async () => {
      let nodes: RunningNodes | undefined;
      await using shop = await openShop(async () => {
        const ring = await startRing();
        ({ nodes } = ring);
        return ring;
      });
      const buckets = await startSale(shop, 40, 8);
      const { frozen, reachable } = await freezeSome(shop, nodes!, buckets);
      try {
        const within = reachable.length * 5;
        const buyers = buyersOf(shop, within + 5, reachable[0]);
        for (const buyer of buyers.slice(0, within)) {
          await waitUntil(async () => (await ask(shop.eastUrl, buyer)) === 202, { what: "a unit", timeoutMs });
        }
        for (const buyer of buyers.slice(within)) expect(await ask(shop.eastUrl, buyer)).toBe(503);
      } finally {
        process.kill(frozen, "SIGCONT");
      }
      const buyers = buyersOf(shop, 60, reachable[0]);
      await waitUntil(
        async () => {
          const statuses = await Promise.all(buyers.map((buyer) => ask(shop.eastUrl, buyer)));
          return statuses.filter((status) => status === 200 || status === 202).length === 40;
        },
        { what: "all units to be sold", timeoutMs: 60_000 },
      );
      await expectVerified(shop, { buyers, demandLeft: true });
    },
    timeoutMs,
  );

  test(
    "somebody who waits gets a unit that comes back in another bucket",
    async () => {
      await using shop = await openShop(startRing);
      const buckets = await startSale(shop, 6, 3);
      const buyers = buyersOf(shop, 6);
      for (const buyer of buyers) expect(await ask(shop.eastUrl, buyer)).toBe(202);
      const waiter = new TestBuyer(shop.eastUrl);
      const { userID } = (await waiter.register("Ada")).body as { userID: string };
      expect((await waiter.check(testProduct.id, await waiter.token(testProduct.id))).status).toBe(410);
      const joined = await waiter.send("POST", "/api/waiting-list", { json: { productID: testProduct.id } });
      expect(joined.body).toMatchObject({ state: "waiting", before: 0, productID: testProduct.id });
      const own = shop.east.catalogue.findFor(testProduct.id, userID)!.product.id;
      await waitUntil(
        async () => unitsOf(await Promise.all(buckets.map((id) => shop.ledger.sales.readTotals(id)))) === 6,
        {
          what: "the orders",
          timeoutMs: 20_000,
        },
      );
      const cancelled = buyers.find(({ bucket }) => bucket !== own)!;
      expect((await shop.ledger.orders.cancel(cancelled.reservationId)).kind).toBe("done");
      const address = `/api/waiting-list?productID=${testProduct.id}`;
      await waitUntil(async () => (await waiter.send("GET", address)).body.state === "offered", {
        what: "the offer",
        timeoutMs: 20_000,
      });
      await expectVerified(shop, { buyers, demandLeft: true });
    },
    timeoutMs,
  );

  for (const point of ["before the gate", "after the gate", "before the other bucket's gate"] as const) {
    test(
      `a move of units whose process died ${point} is carried out by the gateways`,
      async () => {
        await using shop = await openShop(startRing);
        const [from, to] = (await startSale(shop, 20, 2)) as [string, string];
        const { changes } = shop.ledger;
        const asked = (await changes.askForMove({ from, to, units: 7 }))!;
        if (point === "after the gate") await shop.gate.amend(asked.sale, asked.product);
        if (point === "before the other bucket's gate") {
          const gate: Pick<Shop["gate"], "amend"> = {
            amend: async (sale, product) => {
              if (product.id === to) throw new Error("the process died");
              return shop.gate.amend(sale, product);
            },
          };
          await expect(amendProduct({ gate, changes }, asked.sale, asked.product)).rejects.toThrow("died");
        }
        await waitUntil(
          async () => {
            const states = await Promise.all([from, to].map((id) => shop.gate.status(saleId, id)));
            return states[0]!.total === 3 && states[1]!.total === 17;
          },
          { what: "the units to have moved", timeoutMs: 20_000 },
        );
        await expectVerified(shop, { buyers: [], demandLeft: false });
      },
      timeoutMs,
    );
  }
});

/** Freezes a node that has some buckets, and not all. */
async function freezeSome(
  shop: Shop,
  nodes: RunningNodes,
  buckets: readonly string[],
): Promise<{ frozen: number; reachable: string[] }> {
  for (let index = 0; index < 3; index++) {
    const frozen = nodes.pid(index)!;
    process.kill(frozen, "SIGSTOP");
    const answers = await Promise.all(buckets.map((id) => shop.gate.status(saleId, id).catch(() => undefined)));
    const reachable = buckets.filter((_, at) => answers[at] !== undefined);
    if (reachable.length > 0 && reachable.length < buckets.length) return { frozen, reachable };
    process.kill(frozen, "SIGCONT");
  }
  throw new Error("one node has all buckets");
}

/** A change that finds units on their way between buckets is to be tried again. */
async function repeatWhileMoving(change: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      return void (await change());
    } catch (error) {
      if (!String(error).includes("try again later")) throw error;
      await Bun.sleep(20);
    }
  }
}
