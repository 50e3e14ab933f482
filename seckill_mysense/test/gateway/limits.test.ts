import { describe, expect, test } from "bun:test";
import { buyerWithToken, TestBuyer } from "../fakes/test-buyer.ts";
import { startTestGateway } from "../fakes/test-gateway.ts";

const once = { rate_per_second: 0.001, burst: 1 };

describe("limits", () => {
  test("one address has its limit, and X-Forwarded-For helps only behind a trusted proxy", async () => {
    const limits = { check_per_address: once };
    await using open = await startTestGateway({ limits });
    await using behind = await startTestGateway({ limits, backend: { trusted_proxies: ["127.0.0.0/8"] } });
    const ask = async (url: string, name: string, from: string): Promise<unknown> => {
      const [buyer, bearer] = await buyerWithToken(url, name, "headphones");
      const headers = { "x-forwarded-for": from };
      const answer = await buyer.send("POST", "/check?productID=headphones", { bearer, headers });
      return answer.body.error ?? answer.status;
    };
    expect(await ask(open.url, "Ada", "203.0.113.1")).toBe(202);
    expect(await ask(open.url, "Bob", "203.0.113.2")).toBe("address_limited");
    expect(await ask(behind.url, "Ada", "203.0.113.1")).toBe(202);
    expect(await ask(behind.url, "Bob", "203.0.113.2")).toBe(202);
    expect(await ask(behind.url, "Cleo", "198.51.100.7, 203.0.113.1")).toBe("address_limited");
  });

  test("one gateway takes no more to the gate than it may, whichever user asks", async () => {
    await using system = await startTestGateway({ limits: { check_per_node: once } });
    const [ada, adasToken] = await buyerWithToken(system.url, "Ada", "headphones");
    const [bob, bobsToken] = await buyerWithToken(system.url, "Bob", "headphones");
    expect((await ada.check("headphones", adasToken)).status).toBe(202);
    const refused = await bob.check("headphones", bobsToken);
    expect([refused.status, refused.body.error, refused.headers.get("retry-after")]).toEqual([503, "overloaded", "1"]);
    expect(system.gate.reserveCalls).toBe(1);
  });

  test("more requests than may wait at a time are refused at once, and operators still get their answers", async () => {
    await using system = await startTestGateway({ limits: { requests_in_flight: 1 } });
    const [ada, adasToken] = await buyerWithToken(system.url, "Ada", "headphones");
    const [bob, bobsToken] = await buyerWithToken(system.url, "Bob", "headphones");
    const { promise: gateAnswers, resolve } = Promise.withResolvers<void>();
    system.gate.scripted.push(async () => {
      await gateAnswers;
      return { kind: "ended" };
    });
    const waiting = ada.check("headphones", adasToken);
    while (system.gate.reserveCalls === 0) await Bun.sleep(1);
    expect((await bob.check("headphones", bobsToken)).body.error).toBe("overloaded");
    expect((await bob.send("GET", "/api/sales")).body.error).toBe("overloaded");
    const metrics = await new TestBuyer(system.operationsUrl).send("GET", "/metrics");
    expect(metrics.body).toContain("seckill_requests_in_flight 1");
    resolve();
    expect((await waiting).body.error).toBe("sale_ended");
    expect((await bob.check("headphones", bobsToken)).status).toBe(202);
  });

  test("a user who continues although refused is banned for a while, and the answer says so", async () => {
    await using system = await startTestGateway({ limits: { check_per_user: once, ban_after_failures: 3 } });
    const [buyer, token] = await buyerWithToken(system.url, "Eve", "headphones");
    const errors: unknown[] = [];
    for (let attempt = 0; attempt < 5; attempt++) errors.push((await buyer.check("headphones", token)).body.error);
    expect(errors).toEqual([undefined, "limited", "limited", "limited", "banned"]);
    const banned = await buyer.check("headphones", token);
    expect([banned.status, Number(banned.headers.get("retry-after"))]).toEqual([429, 30]);
    const metrics = await new TestBuyer(system.operationsUrl).send("GET", "/metrics");
    expect(metrics.body).toContain('seckill_check_total{outcome="banned"} 2');
  });

  test("refusals of every kind are counted by their reason", async () => {
    await using system = await startTestGateway();
    const stranger = new TestBuyer(system.url);
    await stranger.send("GET", "/no/such/address");
    await stranger.send("PUT", "/api/sales");
    await stranger.send("PUT", "/check");
    await stranger.send("POST", "/api/token", { json: { productID: "headphones" } });
    await stranger.send("POST", "/api/users", { body: "{", headers: { "content-type": "application/json" } });
    const metrics = (await new TestBuyer(system.operationsUrl).send("GET", "/metrics")).body as string;
    for (const error of ["not_found", "method_not_allowed", "session_required", "malformed_json"]) {
      expect(metrics).toContain(`seckill_refusals_total{error="${error}"} 1`);
    }
    expect(metrics).toContain('seckill_check_total{outcome="method_not_allowed"} 1');
  });

  test("showing tokens for other products counts as failing", async () => {
    await using system = await startTestGateway({ limits: { ban_after_failures: 2 } });
    const [buyer, token] = await buyerWithToken(system.url, "Eve", "headphones");
    for (let attempt = 0; attempt < 2; attempt++) {
      expect((await buyer.check("speaker", token)).body.error).toBe("token_wrong_product");
    }
    expect((await buyer.check("headphones", token)).body.error).toBe("banned");
  });
});

describe("when the clock is set back, limits end as before:", () => {
  const hourMs = 3_600_000;
  const second = { rate_per_second: 1, burst: 1 };
  const start = async (limits: Record<string, unknown>) => {
    const clocks = { wallMs: Date.now(), elapsedMs: 0 };
    const system = await startTestGateway({
      ...{ limits, sale: { startsAtMs: clocks.wallMs - 2 * hourMs }, product: { total: 1 } },
      ...{ now: () => clocks.wallMs, elapsedMs: () => clocks.elapsedMs },
    });
    return { clocks, system };
  };

  for (const limit of ["check_per_address", "check_per_user", "check_per_node"]) {
    test(limit, async () => {
      const { clocks, system } = await start({ [limit]: second });
      await using _ = system;
      const [buyer, token] = await buyerWithToken(system.url, "Ada", "headphones");
      const ask = async (): Promise<number> => (await buyer.check("headphones", token)).status;
      expect(await ask()).toBe(202);
      expect(await ask()).toBeGreaterThanOrEqual(400);
      clocks.wallMs -= hourMs;
      clocks.elapsedMs += 1_001;
      // It holds the unit already.
      expect(await ask()).toBe(200);
    });
  }

  test("the time for which a gateway remembers that all is sold", async () => {
    const { clocks, system } = await start({ sold_out_hint_ms: 60_000 });
    await using _ = system;
    const [ada, adasToken] = await buyerWithToken(system.url, "Ada", "headphones");
    const [bob, bobsToken] = await buyerWithToken(system.url, "Bob", "headphones");
    expect((await ada.check("headphones", adasToken)).status).toBe(202);
    for (const _try of [1, 2]) expect((await bob.check("headphones", bobsToken)).status).toBe(410);
    const asked = system.gate.reserveCalls;
    clocks.wallMs -= hourMs;
    clocks.elapsedMs += 60_001;
    expect((await bob.check("headphones", bobsToken)).status).toBe(410);
    expect(system.gate.reserveCalls).toBe(asked + 1);
  });
});
