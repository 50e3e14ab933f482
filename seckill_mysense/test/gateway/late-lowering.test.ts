import { expect, test } from "bun:test";
import { SaleService } from "../../src/sales/sale-service.ts";
import { startTestGateway, testProduct } from "../fakes/test-gateway.ts";

const actor = "the merchant";

for (const isForgotten of [false, true]) {
  test(`fewer units are carried out long after the end of the sale, when the gate ${isForgotten ? "has forgotten the product" : "is open again"}`, async () => {
    let nowMs = Date.now();
    await using shop = await startTestGateway({ now: () => nowMs });
    const { ledger, gate, gateway } = shop;
    await ledger.gates.noteArmed([testProduct.id], 1);
    gate.server = 2;
    nowMs += 2 * 3_600_000;
    const { changes, orders, gates } = ledger;
    const service = new SaleService({ changes, orders, gates, gate });
    const lower = service.change("spring", { kind: "restock", productId: testProduct.id, units: -1 }, { actor });
    await expect(lower).rejects.toThrow("when the gate is open again");
    await gateway.catalogue.refresh();
    const products = async () => (await service.read("spring")).products;
    expect(await products()).toMatchObject([{ id: testProduct.id, total: 2, lowering: { total: 1 } }, {}]);
    // The gateway has counted the sale as over for long by now.
    nowMs += 3_600_000;
    if (isForgotten) {
      gate.stocks.clear();
      nowMs += 2 * 86_400_000;
    } else gate.server = 1;
    for (let round = 0; round < 2; round++) await gateway.catalogue.refresh();
    expect(await products()).toMatchObject([{ id: testProduct.id, total: 1, lowering: undefined }, {}]);
  });
}
