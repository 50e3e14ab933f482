import { expect, test } from "bun:test";
import { splitIntoBuckets } from "../../src/domain/buckets.ts";
import type { TestBuyer } from "../fakes/test-buyer.ts";
import { startTestGateway, type TestGateway, testProduct } from "../fakes/test-gateway.ts";
import { idsOf, registered } from "./bundle-fixtures.ts";

const buckets = 3;

/** A sale of two products, each in buckets with these many units in all. */
async function openHotSale(system: TestGateway, units: Readonly<Record<string, number>>): Promise<void> {
  const { ledger, gate, gateway } = system;
  const sale = { id: "hot", title: "Hot", startsAtMs: system.now() - 1_000, endsAtMs: system.now() + 3_600_000 };
  const rows = Object.entries(units).flatMap(([id, total]) =>
    splitIntoBuckets({ ...testProduct, id, saleId: "hot", total, limitPerUser: 3 }, buckets),
  );
  await ledger.changes.create(sale, rows, { actor: "test", state: "published" });
  const { sale: record, products } = (await ledger.changes.read("hot"))!;
  for (const product of products) await gate.arm(record, product, product.total);
  await ledger.gates.noteArmed(
    products.map(({ id }) => id),
    system.now(),
  );
  await gateway.catalogue.refresh();
}

function unitsLeft({ gate }: TestGateway, productId: string): number {
  const own = [...gate.stocks].filter(([id]) => id === productId || id.startsWith(`${productId}#`));
  return own.reduce((sum, [, { available }]) => sum + available, 0);
}

async function statusOf(buyer: TestBuyer, token: string): Promise<string> {
  const [id] = idsOf(token);
  const { body } = await buyer.send("GET", `/api/reservations/${id}`, { bearer: token });
  return body.status ?? body.error;
}

test("a bundle of products in buckets takes units from the user's buckets, borrows others, and names products only", async () => {
  await using system = await startTestGateway();
  await openHotSale(system, { lamp: 6, sofa: 6 });
  const buyer = await registered(system);
  // No bucket has three units: some of them come from another one.
  const token = await buyer.bundleToken("sofa", { productID: "lamp", quantity: 3 });
  const accepted = await buyer.checkBundle(token);
  expect([accepted.status, accepted.body.parts]).toEqual([
    202,
    [
      { productID: "lamp", quantity: 3, reservation: `${idsOf(token)[0]}.1.2` },
      { productID: "sofa", quantity: 1, reservation: `${idsOf(token)[0]}.2.2` },
    ],
  ]);
  expect([unitsLeft(system, "lamp"), unitsLeft(system, "sofa")]).toEqual([3, 5]);
  expect((await buyer.checkBundle(token)).status).toBe(200);
  expect(await statusOf(buyer, token)).toBe("pending");
  await system.ledger.orders.record(system.gate.accepted, { payWithinMs: 60_000 });
  expect(await statusOf(buyer, token)).toBe("won");
  const { body } = await buyer.send("GET", `/api/reservations/${idsOf(token)[0]}`);
  expect(body.parts.map(({ productID }: { productID: string }) => productID)).toEqual(["lamp", "sofa"]);
  // The user's bucket is full of what the user holds.
  const single = await buyer.check("lamp", await buyer.token("lamp"));
  expect([single.status, single.body.reservation]).toEqual([200, idsOf(token)[0]]);
});

test("a bundle is refused as sold out only when no bucket has a unit, and every unit is sold before", async () => {
  await using system = await startTestGateway();
  await openHotSale(system, { lamp: 30, sofa: 7 });
  const statuses: number[] = [];
  let refusal: unknown;
  for (let index = 0; index < 9; index++) {
    const buyer = await registered(system, `Buyer ${index}`);
    const { status, body } = await buyer.checkBundle(await buyer.bundleToken("lamp", "sofa"));
    statuses.push(status);
    if (status !== 202) refusal = [body.error, body.productID];
  }
  expect(statuses).toEqual([...Array.from({ length: 7 }, () => 202), 410, 410]);
  expect(refusal).toEqual(["sold_out", "sofa"]);
  expect(unitsLeft(system, "sofa")).toBe(0);
  await system.ledger.orders.record(system.gate.accepted, { payWithinMs: 60_000 });
  await system.ledger.bundles.releaseBroken(100);
  for (const one of await system.ledger.returns.pending(100)) await system.gate.giveBack(one);
  expect(unitsLeft(system, "lamp")).toBe(30 - 7);
});

test("a bundle names a product in buckets once", async () => {
  await using system = await startTestGateway();
  await openHotSale(system, { lamp: 6, sofa: 6 });
  const buyer = await registered(system);
  const bucket = `lamp${[...system.gate.stocks.keys()].find((id) => id.startsWith("lamp#"))!.slice("lamp".length)}`;
  for (const other of ["lamp", bucket]) {
    const products = [{ productID: "lamp" }, { productID: other }];
    const refused = await buyer.send("POST", "/api/token", { json: { products } });
    expect([400, 404]).toContain(refused.status);
  }
});
