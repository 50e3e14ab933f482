import { describe, expect, test } from "bun:test";
import { Invitations } from "../../src/authorization/invitations.ts";
import { ReservationIds } from "../../src/authorization/reservation-ids.ts";
import { Sessions, sessionCookieName } from "../../src/authorization/sessions.ts";
import { signText } from "../../src/authorization/signed-text.ts";
import { deriveSigningKey } from "../../src/authorization/signing-key.ts";
import { TestBuyer } from "../fakes/test-buyer.ts";
import { startTestGateway, type TestGateway, testProduct, testSecret } from "../fakes/test-gateway.ts";

/** Attacks by many accounts of one person, where the operator's own program tells persons apart. */
const internalSecret = "internal-secret-0123456789-abcdefghijklmno";
const byInvitation = { backend: { internal_secret: internalSecret }, accounts: { registration: "invitation" } };
const password = "correct horse battery";

async function invite(system: TestGateway, personID: string, validSeconds = 3_600): Promise<string> {
  const program = new TestBuyer(system.operationsUrl);
  const json = { personID, validSeconds };
  const answer = await program.send("POST", "/invitations", { json, bearer: internalSecret });
  expect(answer.status).toBe(201);
  return answer.body.invitation as string;
}

const register = (system: TestGateway, name: string, invitation?: string) =>
  new TestBuyer(system.url).send("POST", "/api/users", {
    json: { name, password, ...(invitation !== undefined && { invitation }) },
  });

describe("one person", () => {
  test("gets one account, however many names and invitations are used at once", async () => {
    await using system = await startTestGateway(byInvitation);
    const invitations = await Promise.all(Array.from({ length: 4 }, () => invite(system, "ada")));
    const tries = Array.from({ length: 12 }, (_, index) => register(system, `Bot ${index}`, invitations[index % 4]));
    const answers = (await Promise.all(tries)).map(({ status, body }) => `${status} ${body.error ?? ""}`.trim());
    expect(answers.toSorted()).toEqual(["201", ...Array(11).fill("409 person_taken")]);
    // Another person is none of that one's accounts, and the ledger knows both.
    expect((await register(system, "Bob", await invite(system, "bob"))).status).toBe(201);
    expect((await register(system, "Bob 2", await invite(system, "Bob"))).status).toBe(201);
  }, 30_000);

  test("buys within the limit per user, whatever name the person logs in by", async () => {
    await using system = await startTestGateway({ ...byInvitation, product: { total: 10 } });
    const first = new TestBuyer(system.url);
    await first.send("POST", "/api/users", {
      json: { name: "Ada", password, invitation: await invite(system, "ada") },
    });
    const bought = await first.check(testProduct.id, await first.token(testProduct.id));
    expect(bought.status).toBe(202);
    // A log-in later is the same person, and gets no second unit.
    const again = new TestBuyer(system.url);
    expect((await again.send("POST", "/api/session", { json: { name: "ADA", password } })).status).toBe(200);
    const repeated = await again.check(testProduct.id, await again.token(testProduct.id));
    expect([repeated.status, repeated.body.reservation]).toEqual([200, bought.body.reservation]);
  });
});

describe("without a good invitation", () => {
  test("nobody registers, and no password is hashed for it", async () => {
    const nowMs = Date.now();
    let clockMs = nowMs;
    await using system = await startTestGateway({ ...byInvitation, now: () => clockMs });
    expect((await register(system, "Eve")).body.error).toBe("invitation_required");
    const expiring = await invite(system, "eve", 60);
    const [version, keyId, payload, mac] = expiring.split(".") as [string, string, string, string];
    const other = Buffer.from(JSON.stringify(["mallory", nowMs + 9e9])).toString("base64url");
    const sign = (purpose: "session" | "sale-token", subject = ""): string =>
      signText(deriveSigningKey(testSecret, purpose, subject), JSON.stringify(["eve", nowMs + 9e9]));
    const bad = [
      "",
      "x",
      "x".repeat(1_280),
      `${version}.${keyId}.${other}.${mac}`,
      `${version}.${keyId}.${payload}.${mac.slice(0, -1)}${mac.endsWith("A") ? "B" : "A"}`,
      expiring.toUpperCase(),
      `${expiring}=`,
      new Invitations(["another-secret-0123456789-abcdefghijklmnop"]).issue({
        personId: "eve",
        expiresAtMs: nowMs + 9e9,
      }),
      sign("session"),
      sign("sale-token", "spring"),
      new Sessions([testSecret], 3_600_000).open({ id: "eve", name: "Eve", sessionEpoch: 0 }, nowMs).cookie,
      new ReservationIds([testSecret]).create("eve", "headphones"),
    ];
    for (const invitation of bad) {
      const answer = await register(system, "Eve", invitation);
      expect([invitation, answer.status, answer.body.error]).toEqual([invitation, 403, "invitation_invalid"]);
    }
    clockMs = nowMs + 60_000;
    expect((await register(system, "Eve", expiring)).body.error).toBe("invitation_invalid");
    clockMs = nowMs + 59_999;
    expect((await register(system, "Eve", expiring)).status).toBe(201);
  });

  test("accounts from before buy nothing, enter no room and wait for nothing, whatever session they show", async () => {
    await using system = await startTestGateway(byInvitation);
    const passwordHash = await Bun.password.hash(password, { algorithm: "argon2id", memoryCost: 64, timeCost: 1 });
    await system.ledger.users.create({ id: "old", name: "Old", passwordHash, createdAtMs: 0 });
    const buyer = new TestBuyer(system.url);
    expect((await buyer.send("POST", "/api/session", { json: { name: "Old", password } })).status).toBe(200);
    const old = new Sessions([testSecret], 3_600_000).open({ id: "old", name: "Old", sessionEpoch: 0 }, Date.now());
    const [version, keyId, , mac] = old.cookie.split(".") as [string, string, string, string];
    const raised = Buffer.from(JSON.stringify(["old", "Old", Date.now() + 9e6, "s", 0, 1])).toString("base64url");
    const ask = (path: string, cookie?: string) =>
      (cookie === undefined ? buyer : new TestBuyer(system.url)).send("POST", path, {
        json: path === "/api/room" ? { saleID: testProduct.saleId } : { productID: testProduct.id },
        ...(cookie !== undefined && { headers: { cookie: `${sessionCookieName}=${cookie}` } }),
      });
    for (const path of ["/api/token", "/api/waiting-list", "/api/room"]) {
      expect((await ask(path)).body.error).toBe("invitation_required");
      expect((await ask(path, old.cookie)).body.error).toBe("invitation_required");
      expect((await ask(path, `${version}.${keyId}.${raised}.${mac}`)).body.error).toBe("session_required");
    }
    expect(system.gate.reserveCalls).toBe(0);
  });

  test("an invitation is made only by a program with the secret, and only for a name of one spelling", async () => {
    await using system = await startTestGateway(byInvitation);
    const program = new TestBuyer(system.operationsUrl);
    const json = { personID: "ada" };
    expect((await program.send("POST", "/invitations", { json })).status).toBe(401);
    expect((await program.send("POST", "/invitations", { json, bearer: `${internalSecret}x` })).status).toBe(401);
    expect(
      (await new TestBuyer(system.url).send("POST", "/invitations", { json, bearer: internalSecret })).status,
    ).toBe(404);
    for (const personID of ["", "ada ", "ａda", "a\u0000", "a".repeat(65), "+49 30 1234", 7, null]) {
      const answer = await program.send("POST", "/invitations", { json: { personID }, bearer: internalSecret });
      expect([personID, answer.body.error]).toEqual([personID, "invalid_request"]);
    }
  });
});

test("an open shop takes invitations before it insists on them, and holds the person to one account", async () => {
  await using system = await startTestGateway({ backend: byInvitation.backend });
  expect((await register(system, "Ada", await invite(system, "ada"))).status).toBe(201);
  expect((await register(system, "Ada 2", await invite(system, "ada"))).body.error).toBe("person_taken");
  expect((await register(system, "Eve")).status).toBe(201);
});
