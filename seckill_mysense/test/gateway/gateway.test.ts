import { describe, expect, test } from "bun:test";
import { freePort } from "../../../tools/test-services/index.ts";
import { endpoints } from "../../src/contract/endpoints.ts";
import { HealthBoard } from "../../src/health/health-board.ts";
import { silentLogger } from "../../src/logging/logger.ts";
import { startGateway } from "../../src/gateway/gateway.ts";
import { LedgerUnavailableError } from "../../src/ledger/ledger-errors.ts";
import { checkSettings } from "../../src/settings/load-settings.ts";
import { TestBuyer } from "../fakes/test-buyer.ts";
import { systemClock } from "../../src/time/clock.ts";
import { startTestGateway, testSecret } from "../fakes/test-gateway.ts";

describe("the gateway", () => {
  test("sales are listed and read with the server's time and what is left", async () => {
    await using system = await startTestGateway();
    const visitor = new TestBuyer(system.url);
    const list = await visitor.send("GET", "/api/sales");
    expect(Math.abs(list.body.serverTimeMs - Date.now())).toBeLessThan(60_000);
    const one = await visitor.send("GET", "/api/sales/spring");
    expect(one.body.sale).toEqual(list.body.sales[0]);
    expect(one.body.sale.version).toBe((await visitor.send("GET", "/api/sales/spring/description")).body.version);
    expect(one.body.sale.products[0]).toEqual({
      id: "headphones",
      name: "Headphones",
      priceMinor: 4_999,
      currency: "EUR",
      total: 2,
      limitPerUser: 1,
      paused: false,
      waiting: false,
      available: 2,
    });
    expect((await visitor.send("GET", "/api/sales/winter")).body.error).toBe("sale_not_found");
  });

  test("who has the present sales is told so, without a body, and what time it is", async () => {
    let nowMs = 1_800_000_000_000;
    await using system = await startTestGateway({ now: () => nowMs });
    const visitor = new TestBuyer(system.url);
    // The clock of the gate has a fraction.
    nowMs += 0.5;
    for (const path of ["/api/sales", "/api/sales/spring"]) {
      const first = await visitor.send("GET", path);
      expect(first.headers.get("x-server-time-ms")).toBe(String(first.body.serverTimeMs));
      expect(first.body.serverTimeMs).toBeInteger();
      const etag = first.headers.get("etag")!;
      nowMs += 5_000;
      await system.gateway.catalogue.refresh();
      const again = await visitor.send("GET", path, { headers: { "if-none-match": etag } });
      expect([again.status, again.body]).toEqual([304, ""]);
      expect(Number(again.headers.get("x-server-time-ms"))).toBeGreaterThanOrEqual(nowMs - 1);
      // The stock is a part of the answer.
      system.gate.stocks.get("headphones")!.available--;
      await system.gateway.catalogue.refresh();
      const changed = await visitor.send("GET", path, { headers: { "if-none-match": etag } });
      expect(changed.status).toBe(200);
      expect(changed.headers.get("etag")).not.toBe(etag);
    }
  });

  test("a sale that is added while the gateway runs is found at the next refresh", async () => {
    await using system = await startTestGateway();
    const visitor = new TestBuyer(system.url);
    const sale = { id: "late", title: "Late", startsAtMs: 0, endsAtMs: Date.now() + 60_000 };
    await system.ledger.sales.create(sale, []);
    await system.gateway.catalogue.refresh();
    expect((await visitor.send("GET", "/api/sales/late")).body.sale.title).toBe("Late");
  });

  test("unknown addresses are 404 and known ones with another method 405, in JSON", async () => {
    await using system = await startTestGateway();
    const visitor = new TestBuyer(system.url);
    for (const path of ["/nowhere", "/api/nowhere", "/check/", "/%63heck", "/assets/none.js"]) {
      const answer = await visitor.send("GET", path);
      expect([answer.status, answer.body.error]).toEqual([404, "not_found"]);
    }
    const answer = await visitor.send("PUT", "/api/session");
    expect([answer.status, answer.body.error, answer.headers.get("allow")]).toEqual([
      405,
      "method_not_allowed",
      "POST, GET, DELETE",
    ]);
  });

  test("it is healthy while it runs, and ready only while ledger and gate answer", async () => {
    await using system = await startTestGateway();
    const visitor = new TestBuyer(system.url);
    expect((await visitor.send("GET", "/healthz")).body).toEqual({ status: "ok" });
    expect((await visitor.send("GET", "/readyz")).body).toEqual({ status: "ready" });
    expect((await new TestBuyer(system.operationsUrl).send("GET", "/readyz")).body).toEqual({
      ...{
        status: "ready",
        parts: Array(5).fill(expect.anything()),
        products: [],
        productsNotWell: 0,
      },
    });
  });

  test("metrics count the answers of every address", async () => {
    await using system = await startTestGateway();
    const visitor = new TestBuyer(system.url);
    await visitor.send("GET", "/healthz");
    await visitor.send("POST", "/check?productID=headphones");
    const metrics = await new TestBuyer(system.operationsUrl).send("GET", "/metrics");
    expect(metrics.headers.get("content-type")).toStartWith("text/plain; version=0.0.4");
    expect(metrics.body).toContain('seckill_requests_total{endpoint="GET /healthz 200"} 1\n');
    expect(metrics.body).toContain('seckill_check_total{outcome="token_missing"} 1\n');
    expect(metrics.body).toContain('seckill_check_gate_seconds_bucket{le="+Inf"} 0\n');
  });

  test("every metric has a type, a line of help of its own, and no value twice", async () => {
    const gateways = { self: `127.0.0.1:${await freePort()}`, nodes: ["127.0.0.1:9"] };
    await using system = await startTestGateway({ backend: { api_secret: testSecret }, gateways });
    const lines = ((await new TestBuyer(system.operationsUrl).send("GET", "/metrics")).body as string).split("\n");
    const named = (what: string): string[] =>
      lines.flatMap((line) => (line.startsWith(`# ${what} `) ? [line.split(" ")[2]!] : [])).toSorted();
    expect(named("HELP")).toEqual(named("TYPE"));
    expect(named("TYPE")).toEqual(expect.arrayContaining(["seckill_failing_users", "seckill_ring_member_up"]));
    for (const name of named("HELP")) expect(lines).not.toContain(`# HELP ${name} ${name}`);
    const series = lines.filter((line) => line !== "" && !line.startsWith("#")).map((line) => line.split(" ")[0]);
    expect(series).toEqual([...new Set(series)]);
  });

  test("the OpenAPI description has every endpoint with its refusals", async () => {
    await using system = await startTestGateway();
    const { body } = await new TestBuyer(system.url).send("GET", "/openapi.json");
    expect(body.openapi).toBe("3.1.0");
    for (const endpoint of Object.values(endpoints)) {
      const operation = body.paths[endpoint.path.replace(/:(\w+)/g, "{$1}")][endpoint.method.toLowerCase()];
      expect(operation.summary).toBe(endpoint.summary);
      for (const status of endpoint.okStatuses) expect(operation.responses[status]).toBeDefined();
      for (const failure of endpoint.failures) expect(JSON.stringify(operation.responses)).toContain(`${failure}: `);
    }
  });

  test.each([
    ["/", 3],
    ["/draw", 2],
  ] as const)("the scripts and the style of %s are served under the names that the page uses", async (page, count) => {
    await using system = await startTestGateway();
    const visitor = new TestBuyer(system.url);
    const { body: html } = await visitor.send("GET", page);
    const paths = [...(html as string).matchAll(/"(\/assets\/[^"]+)"/g)].map(([, path]) => path!);
    expect(paths).toHaveLength(count);
    for (const path of paths) {
      const asset = await visitor.send("GET", path);
      expect(asset.status).toBe(200);
      expect(asset.headers.get("cache-control")).toContain("immutable");
    }
    // The page's Content-Security-Policy would block inline code.
    expect(html).not.toMatch(/<script>|<style>| on\w+=| style=/);
  });

  test("a port in use is an error that names the port", async () => {
    await using system = await startTestGateway();
    const { gate, ledger } = system;
    const settings = checkSettings({ backend: { host: "127.0.0.1", api_port: system.gateway.port } }, "/");
    const health = new HealthBoard({ logger: silentLogger, now: Date.now });
    const parts = { gate, ledger, settings, health, secrets: [testSecret], logger: silentLogger, ...systemClock };
    await expect(startGateway(parts)).rejects.toMatchObject({ code: "EADDRINUSE" });
  });

  test("a ledger that cannot be read at the start is an error, not an empty shop", async () => {
    await using system = await startTestGateway();
    const { gate, ledger } = system;
    ledger.failure = new LedgerUnavailableError("down");
    const settings = checkSettings({ backend: { host: "127.0.0.1", api_port: 0 } }, "/");
    const health = new HealthBoard({ logger: silentLogger, now: Date.now });
    const parts = { gate, ledger, settings, health, secrets: [testSecret], logger: silentLogger, ...systemClock };
    await expect(startGateway(parts)).rejects.toThrow("down");
  });

  test("stopping lets a request that is at the gate come to its answer", async () => {
    const system = await startTestGateway();
    const visitor = new TestBuyer(system.url);
    await visitor.register("Ada");
    const token = await visitor.token("headphones");
    const asked = Promise.withResolvers<void>();
    const decided = Promise.withResolvers<{ kind: "ended" }>();
    system.gate.scripted.push(() => {
      asked.resolve();
      return decided.promise;
    });
    const answer = visitor.check("headphones", token);
    await asked.promise;
    const stopped = system.gateway.stop(60_000);
    decided.resolve({ kind: "ended" });
    expect((await answer).body.error).toBe("sale_ended");
    await stopped;
  });

  test("stopping takes no longer than it may, whatever a request waits for", async () => {
    const system = await startTestGateway();
    const visitor = new TestBuyer(system.url);
    await visitor.register("Ada");
    const token = await visitor.token("headphones");
    const asked = Promise.withResolvers<void>();
    system.gate.scripted.push(() => {
      asked.resolve();
      return new Promise(() => {});
    });
    const answer = visitor.check("headphones", token).catch(() => "cut off");
    await asked.promise;
    await system.gateway.stop(20);
    expect(await answer).toBe("cut off");
  });
});
