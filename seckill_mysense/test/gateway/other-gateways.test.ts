import { expect, test } from "bun:test";
import { buyerWithToken } from "../fakes/test-buyer.ts";
import { startTestGateway } from "../fakes/test-gateway.ts";

/** Reads the claims from a token: they are the part after the key's id. */
function claimsOf(token: string): { userId: string; reservationId: string } {
  const payload = JSON.parse(Buffer.from(token.split(".")[2]!, "base64url").toString()) as unknown[];
  return { userId: payload[2] as string, reservationId: payload[5] as string };
}

test("a buyer remembered as refused here, who got a returned unit through another gateway, gets that answer here too", async () => {
  await using system = await startTestGateway({ limits: { sold_out_hint_ms: 60_000 } });
  const { gate } = system;
  const [[first, firstToken], [second, secondToken], [eve, evesToken]] = await Promise.all([
    buyerWithToken(system.url, "Ada", "headphones"),
    buyerWithToken(system.url, "Bob", "headphones"),
    buyerWithToken(system.url, "Eve", "headphones"),
  ]);
  await first.check("headphones", firstToken);
  await second.check("headphones", secondToken);
  for (let attempt = 0; attempt < 2; attempt++) expect((await eve.check("headphones", evesToken)).status).toBe(410);

  const product = { saleId: "spring", productId: "headphones" };
  await gate.giveBack({ ...product, ...claimsOf(firstToken), epoch: 1 });
  // All of this takes less than a second, so no refresh of the stock has seen the unit in between.
  expect((await gate.reserve({ ...product, ...claimsOf(evesToken) })).kind).toBe("accepted");
  await system.gateway.catalogue.refresh();
  const told = await eve.check("headphones", evesToken);
  expect([told.status, told.body.reservation]).toEqual([200, claimsOf(evesToken).reservationId]);
});
