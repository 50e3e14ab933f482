import { describe, expect, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { CodeService } from "../../src/sales/code-service.ts";
import { makeProduct, makeSale } from "../contract/ledger/ledger-fixtures.ts";
import { openWithRoles } from "./ledger-with-roles.ts";

const mariadb = requireService("mariadb");

describe.skipIf(mariadb.missing)(`invitation codes with the rights of docs/sale.md${mariadb.reason}`, () => {
  test("merchants make and revoke them, and a gateway takes them in", async () => {
    await using shop = await openWithRoles();
    const [gateway, admin] = [shop.as("gateway"), shop.as("admin")];
    const sale = makeSale({ invitedOnly: true });
    await admin.changes.create(sale, [makeProduct(sale)], { actor: "Ada", state: "published" });
    const user = { id: "ada", name: "Ada", passwordHash: "x", createdAtMs: Date.now() };
    expect(await gateway.users.create(user)).toBe("created");
    const service = new CodeService(admin);
    const [code] = await service.make(sale.id, { names: ["Ada"] }, "Ada");
    expect(await gateway.invitationCodes.key(sale.id)).toBeDefined();
    expect(await gateway.invitationCodes.use({ saleId: sale.id, number: code!.number, userId: "ada" })).toBe("used");
    expect(await gateway.invitationCodes.isInvited(sale.id, "ada")).toBe(true);
    expect(await service.revoke(sale.id, code!.number, "Ada")).toEqual({ number: 1, user: "ada" });
    expect(await gateway.invitationCodes.isInvited(sale.id, "ada")).toBe(false);
    expect((await gateway.revocations.since(-1, 10)).revocations).toMatchObject([{ userId: "ada" }]);
    expect(await service.list(sale.id)).toHaveLength(1);
    for (const ledger of [gateway, admin]) await ledger.close();
  }, 60_000);
});
