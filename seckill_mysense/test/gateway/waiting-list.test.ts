import { describe, expect, test } from "bun:test";
import { buyerWithToken, TestBuyer } from "../fakes/test-buyer.ts";
import { startTestGateway, testProduct, type TestGateway } from "../fakes/test-gateway.ts";
import { sellOut, sweep } from "../fakes/waiting-shop.ts";

const { id: productID, saleId } = testProduct;
const path = "/api/waiting-list";

async function newBuyer({ url }: TestGateway, name: string): Promise<TestBuyer> {
  const buyer = new TestBuyer(url);
  await buyer.register(name);
  return buyer;
}

const join = (buyer: TestBuyer) => buyer.send("POST", path, { json: { productID } });
const read = (buyer: TestBuyer) => buyer.send("GET", `${path}?productID=${productID}`);
const leave = (buyer: TestBuyer) => buyer.send("DELETE", `${path}?productID=${productID}`);

describe("the waiting list", () => {
  test("those who were told sold out may wait, see their place, and get what comes back, in their order", async () => {
    await using system = await startTestGateway();
    const [holder] = await sellOut(system);
    const [ann, token] = await buyerWithToken(system.url, "Ann", productID);
    const bob = await newBuyer(system, "Bob");
    const soldOut = await ann.check(productID, token);
    expect([soldOut.status, soldOut.body.error, soldOut.body.canWait]).toEqual([410, "sold_out", true]);
    expect(await join(ann)).toMatchObject({ status: 200, body: { state: "waiting", before: 0, productID } });
    expect(await join(bob)).toMatchObject({ status: 200, body: { state: "waiting", before: 1 } });
    expect((await join(ann)).body).toEqual((await read(ann)).body);

    await system.ledger.orders.cancel(holder!);
    await sweep(system);
    const offer = (await read(ann)).body;
    expect(offer.state).toBe("offered");
    expect(offer.payBeforeMs).toBeGreaterThan(Date.now());
    expect((await read(bob)).body).toMatchObject({ state: "waiting" });
    expect(await bob.send("POST", `/api/orders/${offer.reservation}/pay`)).toMatchObject({ status: 403 });
    expect(await ann.send("POST", `/api/orders/${offer.reservation}/pay`)).toMatchObject({ body: { status: "paid" } });
    expect((await read(ann)).body).toMatchObject({ state: "taken" });
  });

  test("an offer that is declined passes on to the next one", async () => {
    await using system = await startTestGateway();
    const [holder] = await sellOut(system);
    const [ann, bob] = [await newBuyer(system, "Ann"), await newBuyer(system, "Bob")];
    await join(ann);
    await join(bob);
    await system.ledger.orders.cancel(holder!);
    await sweep(system);
    expect((await leave(ann)).body).toMatchObject({ state: "left" });
    await sweep(system);
    expect((await read(bob)).body).toMatchObject({ state: "offered" });
    await bob.send("POST", `/api/orders/${(await read(bob)).body.reservation}/pay`);
    expect(await leave(bob)).toMatchObject({ status: 409, body: { error: "order_not_cancellable" } });
  });

  test("a place can be given up, and taken again at the end", async () => {
    await using system = await startTestGateway();
    await sellOut(system);
    const [ann, bob] = [await newBuyer(system, "Ann"), await newBuyer(system, "Bob")];
    await join(ann);
    await join(bob);
    expect((await leave(ann)).body).toMatchObject({ state: "left" });
    expect((await leave(ann)).body).toMatchObject({ state: "left" });
    expect((await join(ann)).body).toMatchObject({ state: "waiting", before: 1 });
  });

  test("while somebody waits, a unit that is back is not sold to others, and the catalogue shows none", async () => {
    await using system = await startTestGateway();
    const [holder] = await sellOut(system);
    const ann = await newBuyer(system, "Ann");
    await join(ann);
    await system.ledger.orders.cancel(holder!);
    for (const one of await system.ledger.returns.pending(10)) await system.gate.giveBack(one);
    expect((await system.gate.status(saleId, productID))!.available).toBe(1);
    const [eve, token] = await buyerWithToken(system.url, "Eve", productID);
    expect(await eve.check(productID, token)).toMatchObject({ status: 410, body: { error: "sold_out" } });
    await system.gateway.catalogue.refresh();
    const { sale } = (await eve.send("GET", `/api/sales/${saleId}`)).body;
    expect(sale.products.find(({ id }: { id: string }) => id === productID)).toMatchObject({
      waiting: true,
      available: 0,
    });
  });

  test("who cannot wait is told why", async () => {
    let nowMs = Date.now();
    await using system = await startTestGateway({ now: () => nowMs, limits: { waiting_per_product: 1 } });
    const [ann, bob] = [await newBuyer(system, "Ann"), await newBuyer(system, "Bob")];
    const stranger = new TestBuyer(system.url);
    expect(await join(stranger)).toMatchObject({ status: 401, body: { error: "session_required" } });
    expect(await ann.send("POST", path, { json: { productID: "nothing" } })).toMatchObject({ status: 404 });
    expect(await read(ann)).toMatchObject({ status: 404, body: { error: "not_waiting" } });
    expect(await leave(ann)).toMatchObject({ status: 404, body: { error: "not_waiting" } });
    expect(await join(ann)).toMatchObject({ status: 409, body: { error: "units_left" } });
    await sellOut(system);
    expect(await join(ann)).toMatchObject({ status: 200 });
    expect(await join(bob)).toMatchObject({ status: 409, body: { error: "waiting_list_full" } });
    const holder = new TestBuyer(system.url);
    await holder.send("POST", "/api/session", { json: { name: "holder0", password: "correct horse battery" } });
    expect(await join(holder)).toMatchObject({ status: 409, body: { error: "limit_reached" } });
    nowMs += 2 * 3_600_000;
    expect(await join(bob)).toMatchObject({ status: 410, body: { error: "sale_ended" } });
    await sweep(system);
    expect((await read(ann)).body).toMatchObject({ state: "ended" });
  });

  test("nobody joins while the gate is closed, since it could not keep a unit for the list", async () => {
    await using system = await startTestGateway();
    await sellOut(system);
    const [ann, bob] = [await newBuyer(system, "Ann"), await newBuyer(system, "Bob")];
    await join(bob);
    system.gate.server++;
    expect(await join(ann)).toMatchObject({ status: 503, body: { error: "gate_closed" } });
    expect(await system.ledger.waiters.places(productID)).toEqual([1]);
  });

  test("a shop without waiting lists says so, and /check does not speak of one", async () => {
    await using system = await startTestGateway({ limits: { waiting_per_product: 0 } });
    await sellOut(system);
    const [ann, token] = await buyerWithToken(system.url, "Ann", productID);
    expect((await ann.check(productID, token)).body).not.toHaveProperty("canWait");
    expect(await join(ann)).toMatchObject({ status: 404, body: { error: "waiting_list_off" } });
  });

  test("many who join at once have places without gaps, and each sees how many come before", async () => {
    await using system = await startTestGateway({ limits: { hash_waiting: 1_000 } });
    await sellOut(system);
    const buyers = await Promise.all(Array.from({ length: 12 }, (_, index) => newBuyer(system, `Waiter${index}`)));
    const joined = await Promise.all(buyers.map(join));
    const before = joined.map(({ body }) => body.before as number).toSorted((a, b) => a - b);
    expect(before).toEqual(Array.from({ length: 12 }, (_, index) => index));
    expect(await system.ledger.waiters.places(productID)).toHaveLength(12);
  });
});
