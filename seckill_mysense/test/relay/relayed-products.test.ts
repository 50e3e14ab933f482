import { expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { join } from "node:path";
import { temporaryFolder } from "../../../tools/test-services/index.ts";
import { sqliteLedger } from "../../src/ledger/sqlite-ledger.ts";
import { relayedProducts } from "../../src/relay/relayed-products.ts";
import { makeProduct, makeSale } from "../contract/ledger/ledger-fixtures.ts";

test("a product that is added to a known sale is relayed", async () => {
  const file = join(temporaryFolder("relayed"), "ledger.sqlite");
  const ledger = sqliteLedger({ file });
  await ledger.migrate();
  const sale = makeSale();
  const product = makeProduct(sale);
  await ledger.sales.create(sale, [product]);
  const list = relayedProducts(ledger.sales, Date.now);
  expect((await list()).map(({ id }) => id)).toEqual([product.id]);
  const rows = new Database(file);
  rows.run(`insert into products select 'added', sale_id, name, price_minor, currency, total, reserved, sold,
    limit_per_user, epoch from products where id = '${product.id}'`);
  rows.close();
  expect((await list()).map(({ id }) => id).toSorted()).toEqual([product.id, "added"].toSorted());
  await ledger.close();
});
