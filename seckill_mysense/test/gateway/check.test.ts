import { describe, expect, test } from "bun:test";
import { ReservationIds } from "../../src/authorization/reservation-ids.ts";
import { type SaleTokenClaims, SaleTokens } from "../../src/authorization/sale-token.ts";
import { GateOutcomeUnknown, GateUnavailable } from "../../src/gate/gate-errors.ts";
import { buyerWithToken, TestBuyer } from "../fakes/test-buyer.ts";
import { freePort } from "../../../tools/test-services/index.ts";
import { startTestGateway, type TestGateway, testSecret } from "../fakes/test-gateway.ts";

/** Signs tokens that the gateway accepts, without a request to it. */
function tokenFor(userId: string, claims: Partial<SaleTokenClaims> = {}, secret = testSecret): string {
  const tokens = new SaleTokens([secret]);
  tokens.setSales([claims.saleId ?? "spring"]);
  return tokens.issue({
    saleId: "spring",
    productId: "headphones",
    userId,
    notBeforeMs: Date.now() - 1_000,
    expiresAtMs: Date.now() + 60_000,
    reservationId: new ReservationIds([secret]).create(userId, claims.productId ?? "headphones"),
    queuePosition: 0,
    ...claims,
  });
}

/** Two users take both units. */
async function sellOut(system: TestGateway): Promise<void> {
  for (const user of ["first", "second"]) {
    expect((await new TestBuyer(system.url).check("headphones", tokenFor(user))).status).toBe(202);
  }
}

describe("/check", () => {
  test("a buyer with a token gets 202 with the reservation, and 200 with the same one for each repetition", async () => {
    await using system = await startTestGateway();
    const [buyer, token] = await buyerWithToken(system.url, "Ada", "headphones");
    const first = await buyer.check("headphones", token);
    expect(first.status).toBe(202);
    expect(first.body).toEqual({ reservation: expect.any(String), status: "accepted" });
    const again = await buyer.check("headphones", token);
    expect(again.status).toBe(200);
    expect(again.body).toEqual({ reservation: first.body.reservation, status: "held" });
    expect(system.gate.stocks.get("headphones")?.available).toBe(1);
  });

  test("a second token of the same buyer leads to the reservation that the buyer holds", async () => {
    await using system = await startTestGateway();
    const [buyer, token] = await buyerWithToken(system.url, "Ada", "headphones");
    const first = await buyer.check("headphones", token);
    const second = await buyer.check("headphones", await buyer.token("headphones"));
    expect(second.status).toBe(200);
    expect(second.body.reservation).toBe(first.body.reservation);
  });

  test("several units are reserved with one request, and a repetition gets the first answer", async () => {
    await using system = await startTestGateway({ product: { limitPerUser: 3, total: 5 } });
    const buyer = new TestBuyer(system.url);
    const ask = (token: string, quantity: string) =>
      buyer.send("GET", `/check?productID=headphones&quantity=${quantity}`, { bearer: token });
    const token = tokenFor("ann");
    const first = await ask(token, "2");
    expect([first.status, first.body.quantity]).toEqual([202, 2]);
    expect(system.gate.stocks.get("headphones")!.available).toBe(3);
    const again = await ask(token, "3");
    expect([again.status, again.body.reservation]).toEqual([200, first.body.reservation]);
    const more = await ask(tokenFor("ann"), "2");
    expect([more.status, more.body.error, more.body.left]).toEqual([409, "over_limit", 1]);
    expect((await ask(tokenFor("bob"), "2")).status).toBe(202);
    const tooFew = await ask(tokenFor("cid"), "3");
    expect([tooFew.status, tooFew.body.error, tooFew.body.left]).toEqual([409, "too_few_left", 1]);
    // The same token, refused with three, gets the last unit.
    expect((await ask(tokenFor("cid"), "1")).status).toBe(202);
    expect((await ask(tokenFor("dan"), "3")).body.error).toBe("sold_out");
    for (const wrong of ["0", "4", "-1", "1.5", "x", "", "1e1"]) {
      const refused = await ask(tokenFor("eve"), wrong);
      expect([refused.status, refused.body.error]).toEqual([400, "invalid_request"]);
      expect(refused.body.message).toContain(`quantity is "${wrong}"`);
      expect(refused.body.message).toContain("from 1 to 3");
    }
  });

  test("a gateway of a ring repeats how many units a reservation has", async () => {
    const gateways = { self: `127.0.0.1:${await freePort()}` };
    const internal_secret = "internal-secret-0123456789-abcdefghijklmnop";
    await using system = await startTestGateway({
      product: { limitPerUser: 3, total: 5 },
      gateways,
      backend: { internal_secret, api_secret: testSecret },
    });
    const buyer = new TestBuyer(system.url);
    const token = tokenFor("ann");
    for (const expected of [202, 200, 200]) {
      const answer = await buyer.send("GET", "/check?productID=headphones&quantity=2", { bearer: token });
      expect([answer.status, answer.body.quantity]).toEqual([expected, 2]);
    }
  });

  test("the token may come as Bearer, as query or as cookie, by GET or POST", async () => {
    await using system = await startTestGateway();
    const [buyer] = await buyerWithToken(system.url, "Ada", "headphones");
    expect((await buyer.send("GET", "/check?productID=headphones")).status).toBe(202);
    const stranger = new TestBuyer(system.url);
    const token = tokenFor("somebody");
    expect((await stranger.send("GET", `/check?productID=headphones&token=${token}`)).status).toBe(202);
    expect((await stranger.send("GET", "/check?productID=headphones", { bearer: token })).status).toBe(200);
  });

  test("a browser gets the sale page, and takes no unit by opening it", async () => {
    await using system = await startTestGateway();
    const [buyer] = await buyerWithToken(system.url, "Ada", "headphones");
    const page = await buyer.send("GET", "/check?productID=headphones", {
      headers: { accept: "text/html,application/xhtml+xml,*/*;q=0.8" },
    });
    expect(page.status).toBe(200);
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(page.body).toStartWith("<!doctype html>");
    expect(system.gate.reserveCalls).toBe(0);
  });

  test("HEAD is answered as GET without a token is, other methods are refused, and none takes a unit", async () => {
    await using system = await startTestGateway();
    const [buyer, bearer] = await buyerWithToken(system.url, "Ada", "headphones");
    const headOf = (headers: Record<string, string>) =>
      buyer.send("HEAD", "/check?productID=headphones", { bearer, headers });
    const head = await headOf({ accept: "text/html" });
    expect([head.status, head.headers.get("content-type"), head.body]).toEqual([200, "text/html; charset=utf-8", ""]);
    // As GET without a token: the one that it has is not used.
    expect((await headOf({ accept: "*/*" })).status).toBe(401);
    for (const method of ["PUT", "DELETE", "PATCH"]) {
      const answer = await buyer.send(method, "/check?productID=headphones", { bearer });
      expect(answer.status).toBe(405);
      expect(answer.headers.get("allow")).toBe("GET, HEAD, POST");
    }
    expect(system.gate.reserveCalls).toBe(0);
  });

  test("every bad token is refused with its own reason before the gate is asked", async () => {
    await using system = await startTestGateway();
    const buyer = new TestBuyer(system.url);
    const good = tokenFor("eve");
    const [version, keyId, payload, mac] = good.split(".") as [string, string, string, string];
    const otherPayload = Buffer.from(JSON.stringify(["spring", "headphones", "eve", 0, 9e15, "r", 0])).toString(
      "base64url",
    );
    const lastBitFlipped = mac.slice(0, -1) + (mac.endsWith("A") ? "B" : "A");
    const cases: [string | undefined, number, string][] = [
      [undefined, 401, "token_missing"],
      ["nonsense", 401, "token_malformed"],
      [`${version}.${keyId}.${payload}`, 401, "token_malformed"],
      [`v2.${keyId}.${payload}.${mac}`, 401, "token_malformed"],
      [good.slice(0, -1), 401, "token_malformed"],
      [`${good}x`, 401, "token_malformed"],
      [`v1.${keyId}.${"A".repeat(5_000)}.${mac}`, 401, "token_malformed"],
      [`${version}.${keyId}.${payload}.${"A".repeat(43)}`, 401, "token_forged"],
      [`${version}.${keyId}.${payload}.${lastBitFlipped}`, 401, "token_forged"],
      [`${version}.${keyId}.${otherPayload}.${mac}`, 401, "token_forged"],
      [tokenFor("eve", {}, "another-secret-0123456789-abcdefghijklmno"), 401, "token_unknown_key"],
      [tokenFor("eve", { saleId: "autumn" }), 401, "token_unknown_key"],
      [tokenFor("eve", { expiresAtMs: Date.now() - 1 }), 401, "token_expired"],
      [tokenFor("eve", { productId: "speaker" }), 403, "token_wrong_product"],
    ];
    for (const [bearer, status, error] of cases) {
      const answer = await buyer.check("headphones", bearer);
      expect([answer.status, answer.body.error]).toEqual([status, error]);
      expect(answer.body.message).toBeString();
    }
    expect(system.gate.reserveCalls).toBe(0);
    const metrics = await new TestBuyer(system.operationsUrl).send("GET", "/metrics");
    expect(metrics.body).toContain('seckill_check_total{outcome="token_forged"} 3');
  });

  test("a token of the secret before the last one is still good, and new ones are signed with the new secret", async () => {
    const newSecret = "the-new-secret-0123456789-abcdefghijklmnop";
    await using system = await startTestGateway({ secrets: [newSecret, testSecret] });
    expect((await new TestBuyer(system.url).check("headphones", tokenFor("old"))).status).toBe(202);
    const [buyer, token] = await buyerWithToken(system.url, "Ada", "headphones");
    expect((await buyer.check("headphones", token)).status).toBe(202);
    expect(token.split(".")[1]).toBe(tokenFor("x", {}, newSecret).split(".")[1]);
  });

  test("a product that is not named, named twice, or unknown is refused", async () => {
    await using system = await startTestGateway();
    const buyer = new TestBuyer(system.url);
    const bearer = tokenFor("ada");
    const cases: [string, number, string][] = [
      ["/check", 400, "missing_product"],
      ["/check?productID=", 400, "missing_product"],
      ["/check?productid=headphones", 400, "missing_product"],
      ["/check?productID=headphones&productID=speaker", 400, "missing_product"],
      ["/check?productID=unicorn", 404, "product_not_found"],
      ["/check?productID=%68eadphone%", 404, "product_not_found"],
    ];
    for (const [path, status, error] of cases) {
      const answer = await buyer.send("POST", path, { bearer });
      expect([answer.status, answer.body.error]).toEqual([status, error]);
    }
    expect((await buyer.send("POST", "/check?x=1&productID=%68eadphones", { bearer })).status).toBe(202);
  });

  test("before the start everybody gets 425 with the time of the start", async () => {
    const startsAtMs = Date.now() + 600_000;
    await using system = await startTestGateway({ sale: { startsAtMs } });
    const [buyer, token] = await buyerWithToken(system.url, "Ada", "headphones");
    const early = await buyer.check("headphones", token);
    expect([early.status, early.body.error, early.body.startsAtMs]).toEqual([425, "not_started", startsAtMs]);
    expect(Number(early.headers.get("retry-after"))).toBeGreaterThan(590);
    expect(system.gate.reserveCalls).toBe(0);
  });

  test("within the leeway of the clocks the gate decides whether the sale has started", async () => {
    const startsAtMs = Date.now() + 30_000;
    await using system = await startTestGateway({ sale: { startsAtMs }, limits: { start_leeway_ms: 60_000 } });
    const [buyer, token] = await buyerWithToken(system.url, "Ada", "headphones");
    expect((await buyer.check("headphones", token)).body).toMatchObject({ error: "not_started", startsAtMs });
    expect(system.gate.reserveCalls).toBe(1);
  });

  test("after the end the gate's word is passed on as 410", async () => {
    await using system = await startTestGateway({ sale: { endsAtMs: Date.now() - 1_000 } });
    const answer = await new TestBuyer(system.url).check("headphones", tokenFor("late"));
    expect([answer.status, answer.body.error]).toEqual([410, "sale_ended"]);
  });

  test("a buyer who was refused once is refused again without asking the gate", async () => {
    await using system = await startTestGateway({ limits: { sold_out_hint_ms: 60_000 } });
    await sellOut(system);
    const buyer = new TestBuyer(system.url);
    const bearer = tokenFor("third");
    expect((await buyer.check("headphones", bearer)).body.error).toBe("sold_out");
    const callsBefore = system.gate.reserveCalls;
    for (let repeat = 0; repeat < 5; repeat++) {
      const answer = await buyer.check("headphones", bearer);
      expect([answer.status, answer.body.error]).toEqual([410, "sold_out"]);
    }
    expect(system.gate.reserveCalls).toBe(callsBefore);
  });

  test("a buyer who holds a reservation gets it again while the product is sold out to others", async () => {
    await using system = await startTestGateway({ limits: { sold_out_hint_ms: 60_000 } });
    const holder = tokenFor("holder");
    const buyer = new TestBuyer(system.url);
    expect((await buyer.check("headphones", holder)).status).toBe(202);
    expect((await buyer.check("headphones", tokenFor("other"))).status).toBe(202);
    expect((await buyer.check("headphones", tokenFor("third"))).status).toBe(410);
    expect((await buyer.check("headphones", holder)).status).toBe(200);
  });

  test("a unit that comes back can be had by somebody who was refused before", async () => {
    await using system = await startTestGateway({ limits: { sold_out_hint_ms: 60_000 } });
    await sellOut(system);
    const buyer = new TestBuyer(system.url);
    const bearer = tokenFor("third");
    expect((await buyer.check("headphones", bearer)).status).toBe(410);
    await system.gate.giveBack({ ...system.gate.accepted[0]! });
    await system.gateway.catalogue.refresh();
    expect((await buyer.check("headphones", bearer)).status).toBe(202);
  });

  test("a user beyond the limit gets a time to come back, and others are not delayed", async () => {
    await using system = await startTestGateway({ limits: { check_per_user: { rate_per_second: 0.001, burst: 2 } } });
    const buyer = new TestBuyer(system.url);
    const bearer = tokenFor("eager");
    expect((await buyer.check("headphones", bearer)).status).toBe(202);
    expect((await buyer.check("headphones", bearer)).status).toBe(200);
    const limited = await buyer.check("headphones", bearer);
    expect([limited.status, limited.body.error]).toEqual([429, "limited"]);
    expect(Number(limited.headers.get("retry-after"))).toBeGreaterThan(900);
    expect((await buyer.check("headphones", tokenFor("patient"))).status).toBe(202);
  });

  test("an address beyond its limit gets a time to come back, whichever user sends the request", async () => {
    await using system = await startTestGateway({
      limits: { check_per_address: { rate_per_second: 0.001, burst: 1 } },
    });
    const buyer = new TestBuyer(system.url);
    expect((await buyer.check("headphones", tokenFor("one"))).status).toBe(202);
    expect((await buyer.check("headphones", tokenFor("two"))).status).toBe(429);
  });

  test("when as many requests as may be are at the gate, the next one gets 503 at once", async () => {
    await using system = await startTestGateway({ limits: { gate_concurrency: 1 } });
    const held = Promise.withResolvers<{ kind: "ended" }>();
    const asked = Promise.withResolvers<void>();
    system.gate.scripted.push(() => {
      asked.resolve();
      return held.promise;
    });
    const buyer = new TestBuyer(system.url);
    const first = buyer.check("headphones", tokenFor("first"));
    await asked.promise;
    const second = await buyer.check("headphones", tokenFor("second"));
    expect([second.status, second.body.error, second.headers.get("retry-after")]).toEqual([503, "overloaded", "1"]);
    held.resolve({ kind: "ended" });
    expect((await first).body.error).toBe("sale_ended");
    expect((await buyer.check("headphones", tokenFor("third"))).status).toBe(202);
  });

  test("an unknown outcome is settled by asking again for the same reservation", async () => {
    await using system = await startTestGateway();
    system.gate.scripted.push(() => Promise.reject(new GateOutcomeUnknown("no answer")));
    expect((await new TestBuyer(system.url).check("headphones", tokenFor("ada"))).status).toBe(202);
    expect(system.gate.reserveCalls).toBe(2);
  });

  test("an outcome that stays unknown is 503, and says that the token may be used again", async () => {
    await using system = await startTestGateway();
    for (let attempt = 0; attempt < 3; attempt++) {
      system.gate.scripted.push(() => Promise.reject(new GateOutcomeUnknown("no answer")));
    }
    const answer = await new TestBuyer(system.url).check("headphones", tokenFor("ada"));
    expect([answer.status, answer.body.error, answer.headers.get("retry-after")]).toEqual([
      503,
      "gate_unavailable",
      "1",
    ]);
    expect(system.gate.reserveCalls).toBe(3);
  });

  test("a gate that took nothing is not asked again: the client gets a time to come back", async () => {
    await using system = await startTestGateway();
    system.gate.scripted.push(() => Promise.reject(new GateUnavailable("full")));
    const answer = await new TestBuyer(system.url).check("headphones", tokenFor("ada"));
    expect([answer.status, answer.body.error]).toEqual([503, "overloaded"]);
    expect(system.gate.reserveCalls).toBe(1);
  });

  test("a gate that knows nothing of the product sells nothing", async () => {
    await using system = await startTestGateway();
    system.gate.stocks.clear();
    const answer = await new TestBuyer(system.url).check("headphones", tokenFor("ada"));
    expect([answer.status, answer.body.error]).toEqual([503, "gate_closed"]);
  });

  test("a body over the limit is refused and takes no unit", async () => {
    await using system = await startTestGateway({ limits: { max_body_bytes: 256 } });
    const answer = await new TestBuyer(system.url).send("POST", "/check?productID=headphones", {
      bearer: tokenFor("ada"),
      body: "x".repeat(257),
    });
    expect([answer.status, answer.body.error]).toEqual([413, "body_too_large"]);
    expect(system.gate.reserveCalls).toBe(0);
  });
});
