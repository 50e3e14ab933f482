import { describe, expect, test } from "bun:test";
import { maxListedOrders } from "../../src/contract/orders.ts";
import { TestBuyer } from "../fakes/test-buyer.ts";
import { startTestGateway, type TestGateway, testProduct } from "../fakes/test-gateway.ts";
import { partsOf, read, record, registered, withToken } from "./bundle-fixtures.ts";

const { saleId } = testProduct;

/** Buys a unit of one product, and records the order. */
async function buy(system: TestGateway, buyer: TestBuyer): Promise<string> {
  const answer = await buyer.check(testProduct.id, await buyer.token(testProduct.id));
  await system.ledger.orders.record(system.gate.accepted, { payWithinMs: 60_000 });
  return answer.body.reservation;
}

describe("the list of a user's orders", () => {
  test("has what the user has ordered, on every device and after the end of the sale, and nobody else's", async () => {
    let aheadMs = 0;
    await using system = await startTestGateway({ now: () => Date.now() + aheadMs });
    const [ada, eve] = [await registered(system), await registered(system, "Eve")];
    expect((await ada.send("GET", "/api/orders")).body).toEqual({ orders: [], hasMore: false });
    const id = await buy(system, ada);
    aheadMs = 3_700_000;
    const elsewhere = new TestBuyer(system.url);
    const credentials = { name: "Ada", password: "correct horse battery" };
    expect((await elsewhere.send("POST", "/api/session", { json: credentials })).status).toBe(200);
    const { body } = await elsewhere.send("GET", "/api/orders");
    expect(body).toEqual({ orders: [(await ada.send("GET", `/api/reservations/${id}`)).body], hasMore: false });
    expect(body.orders[0]).toMatchObject({ reservation: id, status: "won", productName: "Headphones", quantity: 1 });
    expect((await eve.send("GET", "/api/orders")).body).toEqual({ orders: [], hasMore: false });
    expect((await new TestBuyer(system.url).send("GET", "/api/orders")).body.error).toBe("session_required");
  });

  test("has a bundle once, with all its products", async () => {
    await using system = await startTestGateway();
    const bought = await withToken(system);
    const { reservation } = (await bought.buyer.checkBundle(bought.token)).body;
    await record(system);
    const { orders } = (await bought.buyer.send("GET", "/api/orders")).body;
    expect(orders).toEqual([await read(bought, reservation)]);
    expect(orders[0]).toMatchObject({ status: "won", parts: partsOf(reservation) });
  });

  test("says that there are older ones than it shows", async () => {
    await using system = await startTestGateway();
    const ada = await registered(system);
    const { userID } = (await ada.send("GET", "/api/session")).body;
    const { id: productId, total } = testProduct;
    expect(total).toBeLessThan(maxListedOrders);
    for (let index = 0; index <= maxListedOrders; index++) {
      const reservationId = `order-${index}`;
      const order = { reservationId, userId: userID, saleId, productId, epoch: 1, acceptedAtMs: index };
      await system.ledger.orders.record([order], { payWithinMs: 60_000 });
      await system.ledger.orders.cancel(reservationId);
    }
    const { orders, hasMore } = (await ada.send("GET", "/api/orders")).body;
    expect(orders).toHaveLength(maxListedOrders);
    expect(hasMore).toBe(true);
  });
});
