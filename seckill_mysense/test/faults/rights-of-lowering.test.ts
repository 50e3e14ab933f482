import { describe, expect, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { offerUnits } from "../../src/orders/offer-units.ts";
import { openLedgerGate } from "../../src/roles/system-parts.ts";
import { checkSettings } from "../../src/settings/load-settings.ts";
import { makeProduct, makeSale } from "../contract/ledger/ledger-fixtures.ts";
import { gatelessGrants } from "./documented-grants.ts";
import { openWithRoles } from "./ledger-with-roles.ts";

const mariadb = requireService("mariadb");
const actor = "the merchant";

function openedSale(total: number) {
  const sale = makeSale({ startsAtMs: Date.now() - 1_000, endsAtMs: Date.now() + 3_600_000 });
  return { sale, product: makeProduct(sale, { total }) };
}

describe.skipIf(mariadb.missing)(`the rights of docs/sale.md${mariadb.reason}`, () => {
  test("every role that follows the gates settles a lower total", async () => {
    await using shop = await openWithRoles();
    for (const role of ["gateway", "quantity", "sweeper", "admin"] as const) {
      const { sale, product } = openedSale(10);
      await shop.ledger.changes.create(sale, [product], { actor, state: "published" });
      await shop.ledger.gates.noteArmed([product.id], 1);
      const restock = { kind: "restock", productId: product.id, units: -4 } as const;
      const { since } = (await shop.ledger.changes.change(sale.id, restock, { actor }))!.products[0]!.lowering!;
      const own = shop.as(role);
      const settled = await own.changes.settleLowering({ productId: product.id, epoch: 1, since }, "applied");
      expect(settled?.product).toMatchObject({ total: 6, lowering: undefined });
      await own.close();
    }
  }, 60_000);

  test("the sweeper makes offers where the ledger decides", async () => {
    await using shop = await openWithRoles();
    await shop.grant(gatelessGrants(shop.database));
    const { sale, product } = openedSale(1);
    await shop.ledger.changes.create(sale, [product], { actor, state: "published" });
    const list = (await shop.ledger.waiters.open(product.id))!;
    const request = { productId: product.id, userId: "ann", windowMs: 60_000, maxWaiting: 10 };
    await shop.ledger.waiters.join({ ...request, gateVersion: list.product.revision });
    const own = shop.as("sweeper");
    const parts = { waiters: own.waiters, gate: openLedgerGate(own, checkSettings({}, "/")) };
    expect(await offerUnits(parts, Date.now(), new AbortController().signal)).toMatchObject({ offered: 1, failed: 0 });
    await own.close();
  }, 60_000);
});
