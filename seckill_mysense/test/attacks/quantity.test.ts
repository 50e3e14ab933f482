import { describe, expect, test } from "bun:test";
import { TestBuyer } from "../fakes/test-buyer.ts";
import { otherKey, shopKey, startTestQuantity } from "../fakes/test-quantity.ts";

const headphones = { productID: "headphones", requestID: "order-1", userID: "ada" };
const shop = { name: "shop", key: shopKey };

describe("attacks on the quantity service", () => {
  test("nobody gets in without a right key, in whatever form the key comes, and each try is counted", async () => {
    await using system = await startTestQuantity();
    const http = new TestBuyer(system.url);
    const wrong = [
      "",
      "wrong",
      `${shopKey}x`,
      shopKey.slice(0, -1),
      shopKey.toUpperCase(),
      "k".repeat(100_000).slice(0, 9_000),
    ];
    for (const bearer of wrong) {
      const answer = await http.send("POST", "/reservations", { bearer, json: headphones });
      expect([answer.status, answer.body.error]).toEqual([401, "program_key_wrong"]);
    }
    const basic = { authorization: `Basic ${btoa(`shop:${shopKey}`)}` };
    expect((await http.send("POST", "/reservations", { headers: basic, json: headphones })).status).toBe(401);
    const cookie = { cookie: `seckill_session=${shopKey}` };
    expect((await http.send("GET", "/remaining/headphones", { headers: cookie })).status).toBe(401);
    expect(system.gate.reserveCalls).toBe(0);
    expect(await system.metricsText()).toContain(
      `seckill_refusals_total{error="program_key_wrong"} ${wrong.length + 2}\n`,
    );
    // The right one would have got in.
    expect((await http.send("POST", "/reservations", { bearer: shopKey, json: headphones })).status).toBe(202);
  });

  test("a key in the address is refused, even beside a right one, and is in no answer", async () => {
    await using system = await startTestQuantity();
    const http = new TestBuyer(system.url);
    for (const name of ["key", "api_key", "token", "access_token"]) {
      for (const options of [{}, { bearer: shopKey }]) {
        const answer = await http.send("GET", `/getOne?productID=headphones&requestID=a&${name}=${shopKey}`, options);
        expect([answer.status, answer.body.error]).toEqual([400, "key_in_address"]);
        expect(JSON.stringify(answer.body)).not.toContain(shopKey);
      }
    }
    expect(system.gate.reserveCalls).toBe(0);
  });

  test("a program neither sees nor changes another one's reservation, though it knows every id of it", async () => {
    await using system = await startTestQuantity();
    const http = new TestBuyer(system.url);
    const made = await http.send("POST", "/reservations", { bearer: shopKey, json: headphones });
    await system.recordAll();
    for (const id of ["order-1", made.body.reservation as string]) {
      for (const [method, path] of [
        ["GET", `/reservations/${id}`],
        ["POST", `/reservations/${id}/confirm`],
        ["POST", `/reservations/${id}/release`],
      ] as const) {
        const answer = await http.send(method, path, { bearer: otherKey });
        expect([answer.status, answer.body.error]).toEqual([404, "reservation_not_found"]);
      }
    }
    const own = await http.send("POST", "/reservations", { bearer: otherKey, json: headphones });
    expect(own.body.reservation).not.toBe(made.body.reservation);
    const still = await http.send("GET", "/reservations/order-1", { bearer: shopKey });
    expect(still.body.status).toBe("reserved");
  });

  test("a program has only its rights, and only its sales", async () => {
    const reader = { name: "reader", key: otherKey, rights: ["read"], sales: ["autumn"] };
    await using system = await startTestQuantity({ programs: [{ ...shop, sales: ["spring"] }, reader] });
    const http = new TestBuyer(system.url);
    const reserve = (bearer: string, json: object) => http.send("POST", "/reservations", { bearer, json });
    const denied = await reserve(otherKey, { ...headphones, productID: "speaker" });
    expect([denied.status, denied.body.message]).toEqual([403, "The program reader has no right to reserve."]);
    const elsewhere = await reserve(shopKey, { ...headphones, productID: "speaker" });
    expect([elsewhere.status, elsewhere.body.error]).toEqual([403, "program_not_allowed"]);
    for (const action of ["confirm", "release"]) {
      const answer = await http.send("POST", `/reservations/order-1/${action}`, { bearer: otherKey });
      expect(answer.body.error).toBe("program_not_allowed");
    }
    expect((await http.send("GET", "/remaining/headphones", { bearer: otherKey })).status).toBe(403);
    expect((await http.send("GET", "/remaining/speaker", { bearer: otherKey })).status).toBe(200);
    const many = await http.send("GET", "/remaining?productIDs=headphones,speaker", { bearer: otherKey });
    expect(many.body.products.map(({ productID }: { productID: string }) => productID)).toEqual(["speaker"]);
    expect((await reserve(shopKey, headphones)).status).toBe(202);
  });

  test("a flood of one program is refused before its bodies are read, and the other program is served", async () => {
    const limited = { ...shop, rate_per_second: 0.001, burst: 3 };
    await using system = await startTestQuantity({ programs: [limited, { name: "other", key: otherKey }] });
    const http = new TestBuyer(system.url);
    const flood = Array.from({ length: 50 }, () =>
      http.send("POST", "/reservations", {
        bearer: shopKey,
        headers: { "content-type": "text/plain" },
        body: "no JSON",
      }),
    );
    const statuses = (await Promise.all(flood)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 415)).toHaveLength(3);
    expect(statuses.filter((status) => status === 429)).toHaveLength(47);
    expect((await http.send("POST", "/reservations", { bearer: otherKey, json: headphones })).status).toBe(202);
    const metrics = await system.metricsText();
    expect(metrics).toContain('seckill_program_requests_total{program="shop"} 50\n');
    expect(metrics).toContain('seckill_program_refusals_total{program="shop"} 50\n');
    expect(metrics).toContain('seckill_program_requests_total{program="other"} 1\n');
    expect(metrics).toContain('seckill_program_refusals_total{program="other"} 0\n');
  });

  test("long addresses, large bodies and HEAD are refused, and take nothing", async () => {
    await using system = await startTestQuantity();
    const http = new TestBuyer(system.url);
    const bearer = shopKey;
    const long = await http.send("GET", `/remaining?productIDs=${"a,".repeat(4_200)}`, { bearer });
    expect([long.status, long.body.error]).toEqual([414, "address_too_long"]);
    const large = await http.send("POST", "/reservations", {
      bearer,
      json: { ...headphones, more: "x".repeat(20_000) },
    });
    expect([large.status, large.body.error]).toEqual([413, "body_too_large"]);
    const head = await http.send("HEAD", "/getOne?productID=headphones&requestID=a", { bearer });
    expect(head.status).toBe(405);
    expect(system.gate.reserveCalls).toBe(0);
  });
});
