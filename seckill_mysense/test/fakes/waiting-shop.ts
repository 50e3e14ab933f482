import { startSweeper } from "../../src/orders/sweeper.ts";
import { buyerWithToken, TestBuyer } from "./test-buyer.ts";
import { testProduct, type TestGateway } from "./test-gateway.ts";

const { id: productID, saleId, total } = testProduct;

/** Brings what the gate has accepted to the ledger: relay and consumer in one. */
export async function deliver({ gate, ledger }: TestGateway): Promise<void> {
  const product = { saleId, id: productID };
  const entries = await gate.readOutbox(product, "relay", 1_000);
  await ledger.orders.record(
    entries.map(({ reservation }) => reservation),
    { payWithinMs: 3_600_000 },
  );
  await gate.acknowledgeOutbox(
    product,
    entries.map(({ entryId }) => entryId),
  );
}

/** Sells all units of the product to buyers of their own. Their reservations. */
export async function sellOut(system: TestGateway): Promise<string[]> {
  const reservations = [];
  for (let unit = 0; unit < total; unit++) {
    const [buyer, token] = await buyerWithToken(system.url, `holder${unit}`, productID);
    reservations.push((await buyer.check(productID, token)).body.reservation as string);
  }
  await deliver(system);
  return reservations;
}

/** One sweep, and the way of its offers to the ledger. */
export async function sweep(system: TestGateway): Promise<void> {
  const { orders, bundles, returns, waiters } = system.ledger;
  const { gate } = system;
  const now = (): number => system.now();
  const sweeper = startSweeper({
    orders,
    bundles,
    returns,
    gate,
    offers: { waiters, gate },
    now,
    intervalMs: 1_000_000,
  });
  await sweeper.sweep();
  await sweeper.stop();
  await deliver(system);
}

/** A buyer of its own, who waits. */
export async function joinWaiting(system: TestGateway, name: string): Promise<TestBuyer> {
  const buyer = new TestBuyer(system.url);
  await buyer.register(name);
  const answer = await buyer.send("POST", "/api/waiting-list", { json: { productID } });
  if (answer.status !== 200) throw new Error(`${name} did not join: ${answer.status} ${answer.body.error}`);
  return buyer;
}
