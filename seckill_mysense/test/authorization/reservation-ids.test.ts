import { expect, spyOn, test } from "bun:test";
import { ReservationIds } from "../../src/authorization/reservation-ids.ts";
import { isBundle } from "../../src/domain/bundle.ts";

const secret = "one-secret-0123456789-abcdefghijklmnopqr";

test("a reservation id is known to be its user's for its product, and nobody else's", () => {
  const ids = new ReservationIds([secret]);
  const id = ids.create("ada", "headphones");
  expect(id).toMatch(/^[\w-]{28}$/);
  expect(ids.belongsTo(id, "ada", "headphones")).toBe(true);
  expect(ids.belongsTo(id, "eve", "headphones")).toBe(false);
  expect(ids.belongsTo(id, "ada", "speaker")).toBe(false);
  expect(ids.belongsTo(`${id}A`, "ada", "headphones")).toBe(false);
  expect(ids.belongsTo("A".repeat(28), "ada", "headphones")).toBe(false);
});

test("reservation ids do not repeat", () => {
  const ids = new ReservationIds([secret]);
  const made = new Set(Array.from({ length: 10_000 }, () => ids.create("ada", "headphones")));
  expect(made.size).toBe(10_000);
});

test("reservation ids of the secret before the last one are still recognised", () => {
  const id = new ReservationIds([secret]).create("ada", "headphones");
  const rotated = new ReservationIds(["another-secret-0123456789-abcdefghijklmn", secret]);
  expect(rotated.belongsTo(id, "ada", "headphones")).toBe(true);
});

test("only bundles have ids of bundles, and nobody owns one by its id alone", () => {
  const ids = new ReservationIds([secret]);
  const bundle = ids.createForBundle();
  expect(isBundle(bundle)).toBe(true);
  expect(ids.belongsTo(bundle, "ada", "headphones")).toBe(false);
  const texts = ["bundle-AAAAAAAAA", "offer-AAAAAAAAAA", "ordinary-AAAAAAA"];
  const chance = spyOn(crypto, "getRandomValues").mockImplementation((array) => {
    Buffer.from(texts.shift()!, "base64url").copy(array as Uint8Array);
    return array;
  });
  try {
    expect(ids.create("ada", "headphones")).toStartWith("ordinary-AAAAAAA");
  } finally {
    chance.mockRestore();
  }
});
