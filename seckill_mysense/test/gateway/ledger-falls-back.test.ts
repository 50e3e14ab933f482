import { expect, test } from "bun:test";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { copiedLedger } from "../fakes/copied-ledger.ts";
import type { TestBuyer } from "../fakes/test-buyer.ts";
import { startTestGateway, type TestGateway, testProduct } from "../fakes/test-gateway.ts";
import { registered } from "./bundle-fixtures.ts";

/** A gateway whose ledger can be put back to a copy of before, while it runs on. The users stay logged in. */
async function openShop() {
  const { ledgerFile, ...ledger } = copiedLedger(["products", "sales", "revocations", "ledger_revision"]);
  return { system: await startTestGateway({ ledgerFile }), ...ledger };
}

const actor = "the merchant";

async function salesOf({ url }: TestGateway): Promise<{ id: string; paused: boolean; products: string[] }[]> {
  const { sales } = (await (await fetch(`${url}/api/sales`)).json()) as {
    sales: { id: string; paused: boolean; products: { id: string }[] }[];
  };
  return sales.map(({ id, paused, products }) => ({ id, paused, products: products.map((product) => product.id) }));
}

test("a gateway sells what the ledger has now, and not what it had before it was put back", async () => {
  const { system, copy, putBack } = await openShop();
  await using _ = system;
  const { ledger, gateway } = system;
  const refresh = () => gateway.stock.catalogue.refresh();
  const before = await salesOf(system);
  copy();
  await ledger.changes.change(testProduct.saleId, { kind: "pause", productId: undefined }, { actor });
  const late = { id: "late", title: "Late sale", startsAtMs: 0, endsAtMs: Date.now() + 3_600_000 };
  await ledger.sales.create(late, [{ ...testProduct, id: "lamp", saleId: "late" }]);
  await refresh();
  expect((await salesOf(system)).map(({ id, paused }) => `${id} ${paused}`).toSorted()).toEqual([
    "late false",
    "spring true",
  ]);
  putBack();
  await refresh();
  expect(await salesOf(system)).toEqual(before);
  // What is changed from now on has a revision that was used before.
  await ledger.changes.change(testProduct.saleId, { kind: "pause", productId: undefined }, { actor });
  await refresh();
  expect((await salesOf(system)).map(({ paused }) => paused)).toEqual([true]);
});

test("a gateway learns of a revocation that has the number of one that is gone", async () => {
  const { system, copy, putBack } = await openShop();
  await using _ = system;
  const { revocations } = system.ledger;
  const isIn = async (buyer: TestBuyer): Promise<boolean> => (await buyer.send("GET", "/api/session")).body !== null;
  const userOf = async (buyer: TestBuyer): Promise<string> => (await buyer.send("GET", "/api/session")).body.userID;
  const untilOut = (buyer: TestBuyer): Promise<void> =>
    waitUntil(async () => !(await isIn(buyer)), { what: "the session to be over", timeoutMs: 10_000 });
  const [ada, bob, eve] = [await registered(system), await registered(system, "Bob"), await registered(system, "Eve")];
  copy();
  for (const gone of [ada, bob]) {
    await revocations.revokeUser(await userOf(gone), "password");
    await untilOut(gone);
  }
  const userId = await userOf(eve);
  putBack();
  await revocations.revokeUser(userId, "password");
  await untilOut(eve);
  // Nobody comes in again because the ledger has forgotten why the session was over.
  expect([await isIn(ada), await isIn(bob)]).toEqual([false, false]);
});
