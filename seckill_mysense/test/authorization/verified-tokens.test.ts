import { expect, test } from "bun:test";
import { SaleTokens } from "../../src/authorization/sale-token.ts";
import { VerifiedTokens } from "../../src/authorization/verified-tokens.ts";

const secret = "test-secret-0123456789-abcdefghijklmnopqrstuvwxyz";
const claims = {
  saleId: "sale",
  productId: "product",
  userId: "user",
  notBeforeMs: 1,
  expiresAtMs: 2,
  reservationId: "reservation",
  queuePosition: 0,
};

const readFrom = (tokens: SaleTokens, token: string) => tokens.readFrom(token, (text) => text);

test("a text that differs from a verified token anywhere is not taken for it", () => {
  const tokens = new SaleTokens([secret]);
  tokens.setSales(["sale"]);
  const token = tokens.issue(claims);
  for (let time = 0; time < 3; time++) expect(readFrom(tokens, token)).toEqual(claims);
  for (let at = 0; at < token.length; at++) {
    const other = token[at] === "A" ? "B" : "A";
    expect(readFrom(tokens, token.slice(0, at) + other + token.slice(at + 1))).toBeString();
  }
  expect(readFrom(tokens, token)).toEqual(claims);
});

test("a verified token is remembered from its second time on, but not with a text around it that is long: the table would hold megabytes of it", () => {
  const tokens = new SaleTokens([secret]);
  tokens.setSales(["sale"]);
  const token = tokens.issue(claims);
  const extractions = (text: string): number => {
    let count = 0;
    const tokenOf = (whole: string): string => {
      count++;
      return whole.trimStart();
    };
    for (let time = 0; time < 3; time++) expect(tokens.readFrom(text, tokenOf)).toEqual(claims);
    return count;
  };
  expect(extractions(`       ${token}`)).toBe(2);
  expect(extractions(" ".repeat(8_000) + token)).toBe(3);
});

test("a verified token of a sale that is no longer known is refused", () => {
  const tokens = new SaleTokens([secret]);
  tokens.setSales(["sale"]);
  const token = tokens.issue(claims);
  for (let time = 0; time < 3; time++) expect(readFrom(tokens, token)).toEqual(claims);
  tokens.setSales(["another"]);
  expect(readFrom(tokens, token)).toBe("token_unknown_key");
});

test("more tokens than there is room for overwrite each other, and none gets another's claims", () => {
  const verified = new VerifiedTokens<number>(8);
  for (let number = 0; number < 1000; number++) {
    for (let time = 0; time < 2; time++) verified.add(`token-${number}-abcdefgh${number}`, number);
  }
  let found = 0;
  for (let number = 0; number < 1000; number++) {
    const claim = verified.get(`token-${number}-abcdefgh${number}`);
    if (claim === undefined) continue;
    expect(claim).toBe(number);
    found++;
  }
  expect(found).toBeGreaterThan(0);
  expect(found).toBeLessThanOrEqual(8);
});

test("tokens that come once take the place of none that comes again and again", () => {
  const verified = new VerifiedTokens<number>(8);
  const known = "the-token-of-a-buyer-who-asks-often";
  for (let time = 0; time < 2; time++) verified.add(known, -1);
  for (let number = 0; number < 1000; number++) verified.add(`token-${number}-abcdefgh${number}`, number);
  expect(verified.get(known)).toBe(-1);
});
