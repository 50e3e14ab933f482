import { describe, expect, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { openLedgerGate } from "../../src/roles/system-parts.ts";
import { checkSettings } from "../../src/settings/load-settings.ts";
import { acceptBundle, createShelf, windows } from "../contract/ledger/bundle-fixtures.ts";
import { gatelessGrants } from "./documented-grants.ts";
import { openWithRoles } from "./ledger-with-roles.ts";

const mariadb = requireService("mariadb");

describe.skipIf(mariadb.missing)(`bundles with the rights of docs/sale.md${mariadb.reason}`, () => {
  test("every role may do its part: record, give up, break, release, pay and cancel a sale", async () => {
    await using shop = await openWithRoles();
    const [gateway, consumer, sweeper, admin] = (["gateway", "consumer", "sweeper", "admin"] as const).map(shop.as) as [
      ...[typeof shop.ledger, typeof shop.ledger, typeof shop.ledger, typeof shop.ledger],
    ];
    const { sale, products } = await createShelf(shop.ledger, 2);
    const [whole, refused, slow, last] = Array.from({ length: 4 }, () => acceptBundle(products)) as [
      ...[ReturnType<typeof acceptBundle>, ReturnType<typeof acceptBundle>],
      ...[ReturnType<typeof acceptBundle>, ReturnType<typeof acceptBundle>],
    ];
    await consumer.orders.record(
      [whole, refused, slow, last].map(({ accepted }) => accepted[0]!),
      windows,
    );
    await consumer.orders.record([whole.accepted[1]!], windows);
    expect(await gateway.bundles.giveUp(refused, "sold_out")).toBe("broken");
    expect(await gateway.orders.pay(whole.bundleId, Date.now())).toMatchObject({ kind: "done" });
    expect(await sweeper.bundles.breakOverdue(Date.now() + windows.collectWithinMs + 1_000, 1)).toBe(1);
    expect(await sweeper.bundles.releaseBroken(10)).toBe(2);
    await admin.changes.change(sale.id, { kind: "cancel" }, { actor: "Ada" });
    await admin.orders.releaseCancelled(10);
    const read = await gateway.bundles.readMany([whole, refused, slow, last].map(({ bundleId }) => bundleId));
    const states = [...read.values()].map(({ state, orders }) => `${state} ${orders[0]!.state}`);
    expect(states.toSorted()).toEqual([...Array(3).fill("broken cancelled"), "complete refund_due"]);
    for (const ledger of [gateway, consumer, sweeper, admin]) await ledger.close();
  }, 60_000);

  test("a gateway reserves parts where the ledger decides", async () => {
    await using shop = await openWithRoles();
    await shop.grant(gatelessGrants(shop.database));
    const { products } = await createShelf(shop.ledger, 2);
    const bundle = acceptBundle(products);
    const own = shop.as("gateway");
    const gate = openLedgerGate(own, checkSettings({}, "/"));
    for (const { epoch: _, acceptedAtMs: __, ...request } of bundle.accepted) {
      expect(await gate.reserve(request)).toMatchObject({ kind: "accepted" });
    }
    expect(await own.bundles.read(bundle.bundleId)).toMatchObject({ state: "complete" });
    await own.close();
  }, 60_000);
});
