import { expect, test } from "bun:test";
import { splitIntoBuckets } from "../../src/domain/buckets.ts";
import { TestBuyer } from "../fakes/test-buyer.ts";
import { startTestGateway, testProduct } from "../fakes/test-gateway.ts";

test("nobody may wait for a product while one of its buckets has units: it is not sold out", async () => {
  await using system = await startTestGateway();
  const { ledger, gate, gateway, url } = system;
  const sale = { id: "hot", title: "Hot", startsAtMs: system.now() - 1_000, endsAtMs: system.now() + 3_600_000 };
  const buckets = splitIntoBuckets({ ...testProduct, id: "lamp", saleId: "hot", total: 20 }, 2);
  await ledger.changes.create(sale, buckets, { actor: "the merchant", state: "published" });
  const { sale: record, products } = (await ledger.changes.read("hot"))!;
  const buyer = new TestBuyer(url);
  const { userID } = (await buyer.register("Ada")).body as { userID: string };
  for (const product of products) await gate.arm(record, product, product.total);
  await gateway.catalogue.refresh();
  const own = gateway.catalogue.findFor("lamp", userID)!.product.id;
  // The bucket is empty for a moment, as it often is before units are moved to it.
  gate.stocks.get(own)!.available = 0;
  const joined = await buyer.send("POST", "/api/waiting-list", { json: { productID: "lamp" } });
  expect(joined.body).toMatchObject({ error: "units_left" });
  const other = new TestBuyer(url);
  for (let index = 0; ; index++) {
    const { userID: id } = (await other.register(`Bob${index}`)).body as { userID: string };
    if (gateway.catalogue.findFor("lamp", id)!.product.id === own) break;
  }
  const answer = await other.check("lamp", await other.token("lamp"));
  expect(answer.status).toBe(202);
});
