import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type SaleTokenClaims, SaleTokens } from "../../src/authorization/sale-token.ts";

const secret = "one-secret-0123456789-abcdefghijklmnopqr";
const otherSecret = "another-secret-0123456789-abcdefghijklmn";

const claims: SaleTokenClaims = {
  saleId: "spring",
  productId: "headphones",
  userId: "ada",
  notBeforeMs: 1_000,
  expiresAtMs: 2_000,
  reservationId: "r1",
  queuePosition: 7,
};

function tokensFor(secrets: readonly string[], sales: readonly string[] = ["spring"]): SaleTokens {
  const tokens = new SaleTokens(secrets);
  tokens.setSales(sales);
  return tokens;
}

describe("sale tokens", () => {
  test("what was issued is read back, whatever the ids hold", () => {
    const id = fc.string({ unit: "binary", minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(id, id, id, (productId, userId, reservationId) => {
        const tokens = tokensFor([secret]);
        const mine = { ...claims, productId, userId, reservationId };
        expect(tokens.read(tokens.issue(mine))).toEqual(mine);
      }),
    );
  });

  test("a token for a bundle is read back with its parts, and has no product", () => {
    const { productId: _unused, ...others } = claims;
    const parts = [
      { productId: "amp", quantity: 1 },
      { productId: "lamp#3", quantity: 1_000 },
    ];
    const tokens = tokensFor([secret]);
    expect(tokens.read(tokens.issue({ ...others, parts }))).toEqual({ ...others, parts });
  });

  test("a token with any one character changed is refused", () => {
    const tokens = tokensFor([secret]);
    const token = tokens.issue(claims);
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    for (let index = 0; index < token.length; index++) {
      for (const replacement of alphabet) {
        if (replacement === token[index]) continue;
        const changed = token.slice(0, index) + replacement + token.slice(index + 1);
        expect(tokens.read(changed)).toBeString();
      }
    }
  });

  test("arbitrary text is refused, and never an error", () => {
    const tokens = tokensFor([secret]);
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 2_000 }), (text) => typeof tokens.read(text) === "string"),
    );
    const [, keyId, payload] = tokens.issue(claims).split(".");
    const part = fc.string({ unit: fc.constantFrom("A", "z", "_", ".", "é"), maxLength: 60 });
    fc.assert(fc.property(part, (mac) => typeof tokens.read(`v1.${keyId}.${payload}.${mac}`) === "string"));
  });

  test("a key of one sale signs nothing for another", () => {
    const tokens = tokensFor([secret], ["spring", "autumn"]);
    const [, springKey] = tokens.issue(claims).split(".");
    const [version, , payload, mac] = tokens.issue({ ...claims, saleId: "autumn" }).split(".");
    expect(tokens.read([version, springKey, payload, mac].join("."))).toBe("token_forged");
  });

  test("two secrets are good at a time: the first signs, both verify, a third is unknown", () => {
    const before = tokensFor([otherSecret]);
    const during = tokensFor([secret, otherSecret]);
    const after = tokensFor([secret]);
    expect(during.read(before.issue(claims))).toEqual(claims);
    expect(after.read(during.issue(claims))).toEqual(claims);
    expect(after.read(before.issue(claims))).toBe("token_unknown_key");
  });

  test("tokens of a sale that is known no longer are refused, and none can be issued for it", () => {
    const tokens = tokensFor([secret]);
    const token = tokens.issue(claims);
    tokens.setSales(["autumn"]);
    expect(tokens.read(token)).toBe("token_unknown_key");
    expect(() => tokens.issue(claims)).toThrow("no signing key for sale spring");
  });

  test("the key cannot be told from its id, and differs for each sale and secret", () => {
    const ids = [secret, otherSecret].flatMap((each) =>
      ["spring", "autumn"].map(
        (sale) =>
          tokensFor([each], [sale])
            .issue({ ...claims, saleId: sale })
            .split(".")[1],
      ),
    );
    expect(new Set(ids).size).toBe(4);
  });
});
