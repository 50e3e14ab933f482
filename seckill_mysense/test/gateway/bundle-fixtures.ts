import { expect } from "bun:test";
import { type JsonAnswer, TestBuyer } from "../fakes/test-buyer.ts";
import type { TestGateway } from "../fakes/test-gateway.ts";

export const both = ["headphones", "speaker"] as const;

export async function registered(system: TestGateway, name = "Ada"): Promise<TestBuyer> {
  const buyer = new TestBuyer(system.url);
  await buyer.register(name);
  return buyer;
}

export async function withToken(system: TestGateway, name = "Ada"): Promise<{ buyer: TestBuyer; token: string }> {
  const buyer = await registered(system, name);
  return { buyer, token: await buyer.bundleToken(...both) };
}

/** Users of their own take all units of a product. */
export async function sellOut(system: TestGateway, productID: string): Promise<void> {
  const { total } = system.gate.stocks.get(productID)!;
  for (let unit = 0; unit < total; unit++) {
    const buyer = await registered(system, `${productID}-${unit}`);
    expect((await buyer.check(productID, await buyer.token(productID))).status).toBe(202);
  }
}

export function unitsLeft(system: TestGateway): number[] {
  return both.map((id) => system.gate.stocks.get(id)!.available);
}

/** Records reservations as relay and consumer would. */
export async function record(system: TestGateway, ofProducts: readonly string[] = both): Promise<void> {
  const batch = system.gate.accepted.filter(({ productId }) => ofProducts.includes(productId));
  await system.ledger.orders.record(batch, { payWithinMs: 60_000 });
}

export async function read(
  { buyer, token }: { buyer: TestBuyer; token: string },
  id: string,
): Promise<JsonAnswer["body"]> {
  return (await buyer.send("GET", `/api/reservations/${id}`, { bearer: token })).body;
}

export function partsOf(id: string, more: object = {}): object[] {
  return both.map((productID, index) => ({ productID, quantity: 1, reservation: `${id}.${index + 1}.2`, ...more }));
}

/** The ids of the bundle and of the user in a token. */
export function idsOf(token: string): [bundleId: string, userId: string] {
  const payload = JSON.parse(Buffer.from(token.split(".")[2]!, "base64url").toString());
  return [payload[5], payload[2]];
}
