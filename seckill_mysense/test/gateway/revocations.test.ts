import { expect, test } from "bun:test";
import { SaleTokens } from "../../src/authorization/sale-token.ts";
import { sessionCookieName } from "../../src/authorization/sessions.ts";
import { signText } from "../../src/authorization/signed-text.ts";
import { deriveSigningKey } from "../../src/authorization/signing-key.ts";
import { LedgerUnavailableError } from "../../src/ledger/ledger-errors.ts";
import { buyerWithToken, TestBuyer } from "../fakes/test-buyer.ts";
import { startTestGateway, testProduct, testSecret } from "../fakes/test-gateway.ts";
import { waitUntil } from "../../../tools/test-services/index.ts";

const { id: productID, saleId } = testProduct;
const refused = { status: 401, body: { error: "token_revoked" } };

test("a logout ends the streams of events of its session, and no others", async () => {
  await using system = await startTestGateway({ product: { total: 5 } });
  const watch = async (name: string): Promise<[TestBuyer, Promise<string>, AbortController]> => {
    const [buyer, token] = await buyerWithToken(system.url, name, productID);
    const { body } = await buyer.check(productID, token);
    const given = new AbortController();
    const path = `/api/reservations/${body.reservation}/events`;
    const headers = { authorization: `Bearer ${token}` };
    const stream = await fetch(system.url + path, { headers, signal: given.signal });
    expect(stream.status).toBe(200);
    return [buyer, stream.text(), given];
  };
  const [ada, adasEvents] = await watch("ada");
  const [, gracesEvents, given] = await watch("grace");
  let isOver = false;
  const gracesEnd = gracesEvents.then(
    () => (isOver = true),
    () => {},
  );
  expect((await ada.send("DELETE", "/api/session")).status).toBe(204);
  // Nobody records the reservation, so nothing else ends the stream.
  expect(await adasEvents).toContain('"pending"');
  expect(isOver).toBe(false);
  given.abort();
  await gracesEnd;
});

test("a logout that the ledger has not got is no logout, and says so", async () => {
  await using system = await startTestGateway();
  const [buyer, token] = await buyerWithToken(system.url, "ada", productID);
  system.ledger.failure = new LedgerUnavailableError("away");
  expect(await buyer.send("DELETE", "/api/session")).toMatchObject({
    status: 503,
    body: { error: "ledger_unavailable" },
  });
  const degraded = async (): Promise<boolean> => {
    const { body } = await new TestBuyer(system.operationsUrl).send("GET", "/readyz");
    return body.parts.some(
      (part: { name: string; status: string }) => part.name === "revocations" && part.status === "degraded",
    );
  };
  await waitUntil(degraded, { what: "the gateway to say that it does not follow", timeoutMs: 5_000 });
  // What it knows holds on: it goes on selling while the ledger is away.
  expect((await buyer.check(productID, token)).status).toBe(202);
  system.ledger.failure = undefined;
  expect((await buyer.send("DELETE", "/api/session")).status).toBe(204);
  expect(await new TestBuyer(system.url).check(productID, token)).toMatchObject(refused);
  await waitUntil(async () => !(await degraded()), { what: "the gateway to follow again", timeoutMs: 5_000 });
});

test("a session and a token of an earlier version are good until all sessions of their user end", async () => {
  await using system = await startTestGateway();
  const [ada] = await buyerWithToken(system.url, "ada", productID);
  const { userID } = (await ada.send("GET", "/api/session")).body;
  const endsMs = Date.now() + 60_000;
  const session = signText(deriveSigningKey(testSecret, "session", ""), JSON.stringify([userID, "ada", endsMs]));
  const tokens = new SaleTokens([testSecret]);
  tokens.setSales([saleId]);
  const times = { notBeforeMs: 0, expiresAtMs: endsMs, queuePosition: 0 };
  const token = tokens.issue({ saleId, productId: productID, userId: userID, reservationId: "r1", ...times });
  const cookie = { headers: { cookie: `${sessionCookieName}=${session}` } };
  const visitor = new TestBuyer(system.url);
  expect((await visitor.send("GET", "/api/session", cookie)).body).toMatchObject({ userID });
  expect((await visitor.check(productID, token)).status).toBe(202);
  // It has no id by which it could end alone.
  expect((await visitor.send("DELETE", "/api/session", cookie)).status).toBe(204);
  expect((await visitor.send("GET", "/api/session", cookie)).body).toBeNull();
  expect(await visitor.check(productID, token)).toMatchObject(refused);
  expect((await ada.send("GET", "/api/session")).body).toBeNull();
});

test("a logout also ends the session of the token that the browser has left", async () => {
  await using system = await startTestGateway();
  const [buyer, token] = await buyerWithToken(system.url, "ada", productID);
  buyer.forgetCookie(sessionCookieName);
  expect((await buyer.send("DELETE", "/api/session")).status).toBe(204);
  expect(await new TestBuyer(system.url).check(productID, token)).toMatchObject(refused);
});

test("a login that was under way when all sessions ended opens one that is over", async () => {
  await using system = await startTestGateway();
  const [ada] = await buyerWithToken(system.url, "ada", productID);
  const { userID } = (await ada.send("GET", "/api/session")).body;
  const thief = new TestBuyer(system.url);
  const { users } = system.ledger;
  const read = users.findByName.bind(users);
  const { promise: hasRead, resolve: tellRead } = Promise.withResolvers<void>();
  const { promise: mayGoOn, resolve: goOn } = Promise.withResolvers<void>();
  Object.defineProperty(system.ledger.users, "findByName", {
    ...{ configurable: true, writable: true },
    value: async (name: string) => {
      const user = await read(name);
      tellRead();
      await mayGoOn;
      return user;
    },
  });
  const logIn = thief.send("POST", "/api/session", { json: { name: "ada", password: "correct horse battery" } });
  await hasRead;
  await system.ledger.revocations.revokeUser(userID, "password");
  goOn();
  expect((await logIn).status).toBe(200);
  await waitUntil(async () => (await thief.send("GET", "/api/session")).body === null, {
    what: "the session to be over",
    timeoutMs: 5_000,
  });
});

test("revocations beyond the limit are counted", async () => {
  await using system = await startTestGateway({ limits: { revocations: 2 } });
  for (const name of ["ada", "grace", "mary"]) {
    const [buyer] = await buyerWithToken(system.url, name, productID);
    expect((await buyer.send("DELETE", "/api/session")).status).toBe(204);
  }
  const metrics = (await new TestBuyer(system.operationsUrl).send("GET", "/metrics")).body as string;
  expect(metrics).toContain("seckill_revoked_sessions 2\n");
  expect(metrics).toContain("seckill_revocations_dropped 1\n");
});
