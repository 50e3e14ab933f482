import { describe, expect, test } from "bun:test";
import { buyerWithToken, TestBuyer } from "../fakes/test-buyer.ts";
import { startTestGateway } from "../fakes/test-gateway.ts";

describe("POST /api/token", () => {
  test("a logged-in user gets a token ahead of the start, good from the start on", async () => {
    const startsAtMs = Date.now() + 600_000;
    await using system = await startTestGateway({ sale: { startsAtMs } });
    const buyer = new TestBuyer(system.url);
    await buyer.register("Ada");
    const answer = await buyer.send("POST", "/api/token", { json: { productID: "headphones" } });
    expect(answer.status).toBe(200);
    expect(answer.body.notBeforeMs).toBe(startsAtMs);
    const payload = JSON.parse(Buffer.from(answer.body.token.split(".")[2], "base64url").toString());
    const user = (await buyer.send("GET", "/api/session")).body.userID;
    expect(payload).toEqual([
      "spring",
      "headphones",
      user,
      startsAtMs,
      answer.body.expiresAtMs,
      answer.body.reservation,
      0,
      expect.stringMatching(/^[\w-]{16}$/),
      0,
    ]);
  });

  test("nobody gets one without logging in, for an unknown product, or after the end", async () => {
    await using system = await startTestGateway();
    const stranger = await new TestBuyer(system.url).send("POST", "/api/token", { json: { productID: "headphones" } });
    expect([stranger.status, stranger.body.error]).toEqual([401, "session_required"]);
    const [buyer] = await buyerWithToken(system.url, "Ada", "headphones");
    const unknown = await buyer.send("POST", "/api/token", { json: { productID: "unicorn" } });
    expect(unknown.body).toEqual({ error: "product_not_found", message: 'There is no product "unicorn".' });
    expect(unknown.status).toBe(404);

    await using over = await startTestGateway({ sale: { endsAtMs: Date.now() - 1 } });
    const late = new TestBuyer(over.url);
    await late.register("Ada");
    const answer = await late.send("POST", "/api/token", { json: { productID: "headphones" } });
    expect([answer.status, answer.body.error]).toEqual([410, "sale_ended"]);
  });

  test("each token stands for a reservation of its own", async () => {
    await using system = await startTestGateway();
    const [buyer, first] = await buyerWithToken(system.url, "Ada", "headphones");
    expect(await buyer.token("headphones")).not.toBe(first);
  });

  test("a user who asks for too many tokens gets a time to come back", async () => {
    await using system = await startTestGateway({ limits: { api_per_user: { rate_per_second: 0.001, burst: 1 } } });
    const [buyer] = await buyerWithToken(system.url, "Ada", "headphones");
    const answer = await buyer.send("POST", "/api/token", { json: { productID: "headphones" } });
    expect([answer.status, answer.body.error]).toEqual([429, "limited"]);
  });
});
