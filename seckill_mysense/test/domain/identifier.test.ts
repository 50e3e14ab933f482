import { describe, expect, test } from "bun:test";
import { productId, reservationId } from "../../src/contract/identifiers.ts";
import { describeBadIdentifier, isIdentifier } from "../../src/domain/identifier.ts";

describe("an id", () => {
  test.each(["a", "sale:1", "é", "📱", "a-é'\"\\%_;--", "x".repeat(64)])("may be %p", (id) => {
    expect(isIdentifier(id)).toBe(true);
  });

  test.each([
    "",
    "x".repeat(65),
    "two words",
    "end ",
    "no-break\u00a0space",
    "{",
    "}",
    "line\n",
    "\u0000",
    "\u007f",
    "\u0085",
    "half \ud83d",
    "\udcf1",
    7,
    null,
    undefined,
    { $ne: 1 },
  ])("may not be %p", (id) => {
    expect(isIdentifier(id)).toBe(false);
  });

  test("that an address may carry is one that gate and ledger take", () => {
    for (const id of ["a", "A.b_c-9", "9", "_", "-", ".", "a b", "é", "x".repeat(65)]) {
      if (productId.safeParse(id).success) expect(isIdentifier(id)).toBe(true);
      if (reservationId.safeParse(id).success) expect(isIdentifier(id)).toBe(true);
    }
    expect(productId.safeParse("A.b_c-9").success).toBe(true);
    expect(reservationId.safeParse("_-9").success).toBe(true);
  });

  test("that is invalid is named together with the rule", () => {
    expect(describeBadIdentifier("the sale's id", "two words")).toBe(
      `the sale's id is "two words"; an id is 1 to 64 characters without blanks, braces and control characters`,
    );
  });
});
