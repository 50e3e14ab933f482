import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type AttackedShop, shopSecret, startAttackedShop } from "./attacked-shop.ts";

/** Attacks with invalid, stolen and repeated tokens. Afterwards the ledger holds only legal orders. */
let shop: AttackedShop;

beforeAll(async () => {
  const noLimit = { rate_per_second: 0, burst: 1 };
  shop = await startAttackedShop({ limits: { check_per_user: noLimit, check_per_address: noLimit } });
}, 60_000);
afterAll(async () => {
  await shop.expectOnlyLegalOrders();
  await shop[Symbol.asyncDispose]();
}, 60_000);

async function expectRefused(token: string, status: number, error: string): Promise<void> {
  const response = await shop.check(token);
  const body = (await response.json()) as { error?: string };
  expect([response.status, body.error]).toEqual([status, error]);
  await shop.legalBuyer();
}

describe("a token", () => {
  test("signed with a secret of one's own is refused", async () => {
    const forged = shop.token("mallory", {}, "another-secret-0123456789-abcdefghijklmnop");
    await expectRefused(forged, 401, "token_unknown_key");
    // Naming the right key does not help.
    const good = shop.token("mallory").split(".");
    const parts = forged.split(".");
    await expectRefused([parts[0], good[1], parts[2], parts[3]].join("."), 401, "token_forged");
  });

  test("whose payload was changed is refused", async () => {
    const [version, key, payload, mac] = shop.token("mallory").split(".") as [string, string, string, string];
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as unknown[];
    claims[2] = "ada";
    const changed = Buffer.from(JSON.stringify(claims)).toString("base64url");
    await expectRefused([version, key, changed, mac].join("."), 401, "token_forged");
  });

  test("with any one bit flipped is refused", async () => {
    const token = shop.token("mallory");
    let accepted = 0;
    for (let index = 0; index < token.length; index++) {
      for (const bit of [1, 2, 4, 8, 16, 32]) {
        const flipped = String.fromCharCode(token.charCodeAt(index) ^ bit);
        // A header cannot contain control characters.
        if (!/[!-~]/.test(flipped)) continue;
        const response = await shop.check(token.slice(0, index) + flipped + token.slice(index + 1));
        if (response.status !== 401) accepted++;
        await response.arrayBuffer();
      }
    }
    expect(accepted).toBe(0);
    await shop.legalBuyer();
  }, 60_000);

  test("that was cut off anywhere, or has something added, is refused", async () => {
    const token = shop.token("mallory");
    for (let length = 0; length < token.length; length++) {
      expect((await shop.check(token.slice(0, length))).status).toBe(401);
    }
    for (const longer of [`${token}A`, `${token}.`, `${token}=`, `.${token}`, `${token}${"A".repeat(5_000)}`]) {
      expect((await shop.check(longer)).status).toBe(401);
    }
    await shop.legalBuyer();
  });

  test("that names another version or algorithm is refused", async () => {
    const [, ...rest] = shop.token("mallory").split(".");
    const none = Buffer.from('{"alg":"none"}').toString("base64url");
    for (const version of ["v0", "v2", "V1", "none", none]) {
      await expectRefused([version, ...rest].join("."), 401, "token_malformed");
    }
  });

  test("of a sale that has not begun is early, and of one that is over expired", async () => {
    const early = { saleId: "summer", productId: "tent", notBeforeMs: Date.now() + 3_600_000 };
    const ask = (token: string, product: string) =>
      fetch(`${shop.url}/check?productID=${product}`, { headers: { authorization: `Bearer ${token}` } });
    const refused = await ask(shop.token("mallory", early), "tent");
    expect(refused.status).toBe(425);
    expect(await refused.json()).toMatchObject({ error: "not_started", startsAtMs: expect.any(Number) });
    const expired = await ask(shop.token("mallory", { expiresAtMs: Date.now() - 60_000 }), "headphones");
    expect([expired.status, (await expired.json()) as object]).toEqual([
      401,
      expect.objectContaining({ error: "token_expired" }),
    ]);
    await shop.legalBuyer();
  });

  test("that lies about its times does not open a sale: the gate's clock decides", async () => {
    const ask = (token: string, product: string) =>
      fetch(`${shop.url}/check?productID=${product}`, { headers: { authorization: `Bearer ${token}` } });
    const early = await ask(shop.token("mallory", { saleId: "summer", productId: "tent", notBeforeMs: 0 }), "tent");
    expect([early.status, (await early.json()) as object]).toEqual([
      425,
      expect.objectContaining({ error: "not_started" }),
    ]);
    const late = await ask(shop.token("mallory", { saleId: "winter", productId: "sledge" }), "sledge");
    expect([late.status, (await late.json()) as object]).toEqual([
      410,
      expect.objectContaining({ error: "sale_ended" }),
    ]);
    await shop.legalBuyer();
  });

  test("of another product or another sale is refused", async () => {
    await expectRefused(shop.token("mallory", { productId: "speaker" }), 403, "token_wrong_product");
    await expectRefused(shop.token("mallory", { saleId: "summer", productId: "tent" }), 403, "token_wrong_product");
    // With the wrong sale, the signature is valid but made with another sale's key.
    const crossed = shop.token("mallory", { saleId: "summer", productId: "headphones" });
    await expectRefused(crossed, 403, "token_wrong_product");
  });

  test("of another user gives that user's reservation, never one for the attacker", async () => {
    const stolen = shop.token(shop.allow("victim"));
    const first = await shop.check(stolen);
    const second = await shop.check(stolen, { cookie: "seckill_session=v1.a.b.c" });
    const bodies = [await first.json(), await second.json()] as { reservation: string }[];
    expect([first.status, second.status]).toEqual([202, 200]);
    expect(bodies[0]?.reservation).toBe(bodies[1]?.reservation as string);
  });

  test("that is replayed a thousand times takes one unit", async () => {
    const token = shop.token(shop.allow("eager"));
    const statuses = new Map<number, number>();
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        for (let i = 0; i < 20; i++) {
          const { status } = await shop.check(token);
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
        }
      }),
    );
    expect(statuses.get(202)).toBe(1);
    expect([...statuses.keys()].sort()).toEqual([200, 202]);
  }, 60_000);

  test("with the secret's own text in it, or without any of its parts, is refused", async () => {
    for (const token of [shopSecret, "v1", "v1.", "v1...", "v1.x.y.z", "null", "undefined", "{}", "[]", "0"]) {
      expect((await shop.check(token)).status).toBe(401);
    }
    await shop.legalBuyer();
  });
});
