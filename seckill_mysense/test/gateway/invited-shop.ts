import type { Sale } from "../../src/domain/sale.ts";
import { CodeService } from "../../src/sales/code-service.ts";
import { TestBuyer } from "../fakes/test-buyer.ts";
import { startTestGateway, testProduct, type TestGateway } from "../fakes/test-gateway.ts";

/** A shop whose sale is for invited users. */
export class InvitedShop implements AsyncDisposable {
  readonly shop: TestGateway;
  readonly codes: CodeService;

  private constructor(shop: TestGateway) {
    this.shop = shop;
    this.codes = new CodeService(shop.ledger);
  }

  static async open(sale: Partial<Sale> = {}): Promise<InvitedShop> {
    return new InvitedShop(await startTestGateway({ sale: { invitedOnly: true, ...sale }, product: { total: 100 } }));
  }

  get url(): string {
    return this.shop.url;
  }

  async buyer(name: string): Promise<TestBuyer> {
    const buyer = new TestBuyer(this.url);
    await buyer.register(name);
    return buyer;
  }

  /** Codes of the sale, for anybody or for these names. */
  async code(...names: readonly string[]): Promise<string> {
    const wanted = names.length === 0 ? { count: 1 } : { names };
    return (await this.codes.make(testProduct.saleId, wanted, "test"))[0]!.code;
  }

  use(buyer: TestBuyer, code: string, saleID: unknown = testProduct.saleId) {
    return buyer.send("POST", "/api/invitation-code", { json: { saleID, code } });
  }

  token(buyer: TestBuyer) {
    return buyer.send("POST", "/api/token", { json: { productID: testProduct.id } });
  }

  async counts(): Promise<Record<string, number>> {
    const text = await (await fetch(`${this.shop.operationsUrl}/metrics`)).text();
    const found = text.matchAll(/^seckill_invitation_codes_total\{outcome="(\w+)"\} (\d+)$/gm);
    return Object.fromEntries([...found].map(([, outcome, count]) => [outcome, Number(count)]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shop[Symbol.asyncDispose]();
  }
}
