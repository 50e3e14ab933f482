import { describe, expect, test } from "bun:test";
import { buyerWithToken, TestBuyer } from "../fakes/test-buyer.ts";
import { startTestGateway } from "../fakes/test-gateway.ts";

const internalSecret = "internal-secret-0123456789-abcdefghijklm";
const once = { check_per_user: { rate_per_second: 0.001, burst: 1 } };

describe("/checkRight", () => {
  test("gives another program the decision of /check, and counts its question as a try", async () => {
    await using system = await startTestGateway({ limits: once, backend: { internal_secret: internalSecret } });
    const program = new TestBuyer(system.operationsUrl);
    const ask = (json: object) => program.send("POST", "/checkRight", { json, bearer: internalSecret });
    const first = await ask({ userID: "ada", productID: "headphones" });
    expect([first.status, first.body]).toEqual([200, { right: true, held: false, owner: "" }]);
    const second = await ask({ userID: "ada" });
    expect(second.body).toEqual({ right: false, held: false, error: "limited", retryAfterSeconds: 1_000, owner: "" });
    expect((await ask({ userID: "ada", productID: "unicorn" })).body.error).toBe("product_not_found");
    expect((await ask({ userID: "" })).body.error).toBe("invalid_request");
  });

  test("a peek costs the user no try", async () => {
    await using system = await startTestGateway({ limits: once, backend: { internal_secret: internalSecret } });
    const [buyer, token] = await buyerWithToken(system.url, "Ada", "headphones");
    const userID = (await buyer.send("GET", "/api/session")).body.userID as string;
    const program = new TestBuyer(system.operationsUrl);
    for (let look = 0; look < 5; look++) {
      const answer = await program.send("POST", "/checkRight", {
        json: { userID, peek: true },
        bearer: internalSecret,
      });
      expect(answer.body.right).toBe(true);
    }
    expect((await buyer.check("headphones", token)).status).toBe(202);
  });

  test("answers nobody without the internal secret, and nobody at all where there is none", async () => {
    await using system = await startTestGateway({ backend: { internal_secret: internalSecret } });
    await using closed = await startTestGateway();
    const json = { userID: "ada" };
    for (const [url, bearer] of [
      [system.operationsUrl, undefined],
      [system.operationsUrl, "wrong"],
      [system.operationsUrl, `${internalSecret}x`],
      [closed.operationsUrl, ""],
      [closed.operationsUrl, internalSecret],
    ] as const) {
      const options = bearer === undefined ? { json } : { json, bearer };
      const answer = await new TestBuyer(url).send("POST", "/checkRight", options);
      expect([answer.status, answer.body.error]).toEqual([401, "internal_secret_wrong"]);
    }
    const metrics = await new TestBuyer(system.operationsUrl).send("GET", "/metrics");
    expect(metrics.body).toContain('seckill_refusals_total{error="internal_secret_wrong"} 3');
  });
});
