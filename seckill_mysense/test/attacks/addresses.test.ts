import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type AttackedShop, shopSecret, startAttackedShop } from "./attacked-shop.ts";

/** Attacks with variants of the URL and the request of /check. None may work without a token or avoid a limit. */
let shop: AttackedShop;
const noLimit = { rate_per_second: 0, burst: 1 };
const internalSecret = "internal-secret-0123456789-abcdefghijklmno";

beforeAll(async () => {
  shop = await startAttackedShop({
    backend: { internal_secret: internalSecret },
    limits: { check_per_user: noLimit, check_per_address: noLimit },
  });
}, 60_000);
afterAll(async () => {
  await shop.expectOnlyLegalOrders();
  await shop[Symbol.asyncDispose]();
}, 60_000);

const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);

/** One request line with the given headers, sent unchanged. */
const ask = (target: string, headers = "", method = "GET"): Promise<string> =>
  shop.raw(`${method} ${target} HTTP/1.1\r\nHost: shop\r\n${headers}Connection: close\r\n\r\n`);

describe("/check in other spellings", () => {
  test("without a token is 401 whatever its query, and 404 at any other address", async () => {
    const withoutToken = ["/check", "/check?", "/check?x", "/check?productID=headphones", "/check?authorized=true&x=1"];
    for (const target of withoutToken) expect([target, statusOf(await ask(target))]).toEqual([target, 401]);
    const elsewhere = [
      "//check?x",
      "/check/",
      "/check/x",
      "/CHECK",
      "/check;x",
      "/%63heck",
      "/check%3fx",
      "/check%2f",
      "/check%00",
    ];
    for (const target of elsewhere) expect([target, statusOf(await ask(target))]).toEqual([target, 404]);
    await shop.legalBuyer();
  });

  test("with a good token takes a unit at no other address", async () => {
    const bearer = `Authorization: Bearer ${shop.token("mallory")}\r\n`;
    const targets = [
      "//check",
      "/check/",
      "/CHECK",
      "/check;x=1",
      "/%63heck",
      "/check%2f",
      "/check%00",
      "/api/check",
      "/x/check",
    ];
    for (const target of targets) {
      const full = `${target}?productID=headphones`;
      expect([full, statusOf(await ask(full, bearer))]).toEqual([full, 404]);
    }
    await shop.legalBuyer();
  });

  test("by another method takes no unit", async () => {
    const bearer = `Authorization: Bearer ${shop.token("mallory")}\r\n`;
    expect(statusOf(await ask("/check?productID=headphones", bearer, "HEAD"))).toBe(401);
    for (const method of ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND"]) {
      const status = statusOf(await ask("/check?productID=headphones", bearer, method));
      expect([method, status >= 400 || status === 0]).toEqual([method, true]);
    }
    await shop.legalBuyer();
  });
});

describe("parameters", () => {
  test("given twice are refused: two readers could disagree about them", async () => {
    const bearer = `Authorization: Bearer ${shop.token("mallory")}\r\n`;
    const twice = ["productID=headphones&productID=speaker", "productID=headphones&productID=headphones"];
    for (const query of twice) expect([query, statusOf(await ask(`/check?${query}`, bearer))]).toEqual([query, 400]);
    const token = shop.token("mallory");
    const tokens = `/check?productID=headphones&token=${token}&token=${token}`;
    expect(statusOf(await ask(tokens))).toBe(401);
    for (const query of [
      "work?name=ada&name=bob",
      "room?saleID=spring&saleID=summer",
      "reservations/r?token=a&token=b",
    ]) {
      const answer = await ask(`/api/${query}`);
      expect([query, statusOf(answer)]).toEqual([query, 400]);
      expect(answer).toContain("twice");
    }
    await shop.legalBuyer();
  });

  test("in other spellings name no product", async () => {
    const bearer = `Authorization: Bearer ${shop.token("mallory")}\r\n`;
    const names = [
      "headphones%00",
      "headphones%20",
      "Headphones",
      "headphones'--",
      "%ff",
      "..%2f",
      "headphones,speaker",
      "[]",
    ];
    for (const name of names) {
      const target = `/check?productID=${name}`;
      expect([target, statusOf(await ask(target, bearer))]).toEqual([target, 404]);
    }
    for (const query of ["productId=headphones", "productID[]=headphones", "PRODUCTID=headphones", "productID="]) {
      expect([query, statusOf(await ask(`/check?${query}`, bearer))]).toEqual([query, 400]);
    }
    await shop.legalBuyer();
  });

  test("in great number are refused: each is compared with the others, before any limit", async () => {
    const many = (count: number): string => Array.from({ length: count }, (_, index) => `p${index}`).join("&");
    for (const path of ["/api/sales", "/api/session", "/api/work"]) {
      const answer = await ask(`${path}?${many(2_000)}`);
      expect([path, statusOf(answer)]).toEqual([path, 400]);
      expect(answer).toContain("2000 parameters");
    }
    expect(statusOf(await ask(`/api/sales?${many(32)}`))).toBe(200);
    await shop.legalBuyer();
  });

  test("of great length are refused", async () => {
    const long = "x".repeat(60_000);
    const refused = statusOf(
      await ask(`/check?productID=${long}`, `Authorization: Bearer ${shop.token("mallory")}\r\n`),
    );
    expect(refused === 0 || refused >= 400).toBe(true);
    await shop.legalBuyer();
  });
});

describe("requests of an odd form", () => {
  test("that could be read in two ways smuggle no second one", async () => {
    const second = `POST /check?productID=headphones HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer ${shop.token("smuggler")}\r\n\r\n`;
    const head = `POST /api/token HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\n`;
    const requests = [
      `${head}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      `${head}Content-Length: 5\r\nContent-Length: ${second.length}\r\n\r\n`,
      `${head}Content-Length: ${second.length}, 5\r\n\r\n`,
      `${head}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
      `${head}Content-Length: -1\r\n\r\n`,
      `${head}Content-Length : 2\r\n\r\n`,
    ];
    for (const request of requests) {
      const answer = await shop.raw(request + second, 1_000);
      // As a separate request on the connection the second one would be legal. It must not be hidden in a body.
      expect([request, answer.includes("HTTP/1.1 202")]).toEqual([request, false]);
    }
    await shop.legalBuyer();
  }, 30_000);

  test("that are no HTTP at all disturb nobody", async () => {
    const odd = [
      "",
      "\r\n",
      "GET\r\n\r\n",
      "\0\0\0\0",
      "*1\r\n$4\r\nPING\r\n",
      "GET /check HTTP/9.9\r\n\r\n",
      "\x16\x03\x01\x02\x00",
    ];
    for (const bytes of odd) {
      const answer = await shop.raw(bytes, 300);
      expect(answer.includes(" 202 ")).toBe(false);
    }
    await shop.legalBuyer();
  });

  test("with headers that are too large or too many are refused", async () => {
    const large = `X-Large: ${"x".repeat(100_000)}\r\n`;
    const many = Array.from({ length: 5_000 }, (_, index) => `X-${index}: y\r\n`).join("");
    for (const headers of [large, many, `Cookie: ${"a=b; ".repeat(20_000)}\r\n`]) {
      const answer = await ask(
        "/check?productID=headphones",
        `${headers}Authorization: Bearer ${shop.token("mallory")}\r\n`,
      );
      expect(statusOf(answer) === 0 || statusOf(answer) >= 400).toBe(true);
    }
    await shop.legalBuyer();
  });

  test("with a body that is too large are refused before it is sent", async () => {
    const bearer = `Authorization: Bearer ${shop.token("mallory")}\r\n`;
    const huge = await ask("/check?productID=headphones", `${bearer}Content-Length: 1000000000\r\n`, "POST");
    expect([413, 0]).toContain(statusOf(huge));
    const answer = await ask("/api/users", "Content-Type: application/json\r\nContent-Length: 1000000\r\n", "POST");
    expect([413, 0]).toContain(statusOf(answer));
    await shop.legalBuyer();
  });
});

describe("addresses inside", () => {
  test("cannot be asked without the internal secret", async () => {
    const body = JSON.stringify({ userID: "mallory" });
    const ask = (headers: Record<string, string>) =>
      fetch(`${shop.operationsUrl}/checkRight`, {
        method: "POST",
        body,
        headers: { "content-type": "application/json", ...headers },
      });
    const wrong = [
      "",
      "Bearer ",
      `Bearer ${shop.token("mallory")}`,
      `Bearer ${shopSecret}`,
      `Bearer ${internalSecret}x`,
      `Bearer ${internalSecret.slice(0, -1)}`,
      `Bearer ${internalSecret.toUpperCase()}`,
      `Basic ${internalSecret}`,
      internalSecret,
    ];
    for (const authorization of wrong)
      expect([authorization, (await ask({ authorization })).status]).toEqual([authorization, 401]);
    expect((await ask({ cookie: `authorization=Bearer ${internalSecret}` })).status).toBe(401);
    // The address is open to those who have the secret, so that a refusal means something.
    expect((await ask({ authorization: `Bearer ${internalSecret}` })).status).toBe(200);
  });

  test("files of the machine are not served", async () => {
    for (const path of [
      "/../../etc/passwd",
      "/%2e%2e/%2e%2e/etc/passwd",
      "/web/../configs/config.json",
      "/configs/config.json",
      "/.git/config",
    ]) {
      expect([path, statusOf(await ask(path))]).toEqual([path, 404]);
    }
  });
});
