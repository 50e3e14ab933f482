import { expect, test } from "bun:test";
import { SaleTokens } from "../../src/authorization/sale-token.ts";
import { signText } from "../../src/authorization/signed-text.ts";
import { deriveSigningKey } from "../../src/authorization/signing-key.ts";
import { Sessions } from "../../src/authorization/sessions.ts";

const secret = "one-secret-0123456789-abcdefghijklmnopqr";
const otherSecret = "another-secret-0123456789-abcdefghijklmn";
const user = { id: "u1", name: "Zoë", sessionEpoch: 3 };

test("a session is good until it expires, and not a moment longer", () => {
  const sessions = new Sessions([secret], 1_000);
  const { session, cookie } = sessions.open(user, 5_000);
  const mark = { sessionId: expect.stringMatching(/^[\w-]{16}$/), epoch: 3 };
  expect(session).toEqual({ userId: "u1", name: "Zoë", expiresAtMs: 6_000, mark, isPerson: false });
  const invited = sessions.open({ ...user, personId: "ada" }, 5_000);
  expect([invited.session.isPerson, sessions.read(invited.cookie, 5_999)?.isPerson]).toEqual([true, true]);
  expect(sessions.read(cookie, 5_999)).toEqual(session);
  expect(sessions.read(cookie, 6_000)).toBeUndefined();
});

test("each session has an id of its own, and one of an earlier version has none", () => {
  const sessions = new Sessions([secret], 1_000);
  const idOf = (cookie: string): string | undefined => sessions.read(cookie, 0)?.mark?.sessionId;
  const ids = Array.from({ length: 100 }, () => idOf(sessions.open(user, 0).cookie));
  expect(new Set(ids).size).toBe(100);
  const earlier = signText(deriveSigningKey(secret, "session", ""), JSON.stringify(["u1", "Zoë", 1_000]));
  expect(sessions.read(earlier, 0)).toEqual({
    userId: "u1",
    name: "Zoë",
    expiresAtMs: 1_000,
    mark: undefined,
    isPerson: false,
  });
});

test("sessions of the secret before the last one are still good, those of any other are not", () => {
  const { cookie } = new Sessions([otherSecret], 1_000).open(user, 0);
  expect(new Sessions([secret, otherSecret], 1_000).read(cookie, 1)?.userId).toBe("u1");
  expect(new Sessions([secret], 1_000).read(cookie, 1)).toBeUndefined();
});

test("a sale token is no session, though the same secret signed it", () => {
  const tokens = new SaleTokens([secret]);
  tokens.setSales([""]);
  const token = tokens.issue({
    saleId: "",
    productId: "p",
    userId: "u1",
    notBeforeMs: 0,
    expiresAtMs: 9e15,
    reservationId: "r",
    queuePosition: 0,
  });
  expect(new Sessions([secret], 1_000).read(token, 0)).toBeUndefined();
});
