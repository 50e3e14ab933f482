import { describe, expect, test } from "bun:test";
import { TestBuyer } from "../fakes/test-buyer.ts";
import { startTestGateway } from "../fakes/test-gateway.ts";

describe("accounts", () => {
  test("registering logs in, with a cookie that scripts cannot read", async () => {
    await using system = await startTestGateway();
    const buyer = new TestBuyer(system.url);
    const registered = await buyer.register("  Ada Lovelace ");
    expect(registered.status).toBe(201);
    expect(registered.body).toEqual({
      userID: expect.any(String),
      name: "Ada Lovelace",
      expiresAtMs: expect.any(Number),
    });
    const cookie = registered.headers.get("set-cookie");
    expect(cookie).toStartWith("seckill_session=v1.");
    expect(cookie).toContain("; HttpOnly; SameSite=Lax");
    expect((await buyer.send("GET", "/api/session")).body).toEqual(registered.body);
  });

  test("passwords are kept as argon2id, never as they are", async () => {
    await using system = await startTestGateway();
    await new TestBuyer(system.url).register("Ada", "correct horse battery");
    const stored = await system.ledger.users.findByName("ada");
    expect(stored?.passwordHash).toStartWith("$argon2id$v=19$m=19456,t=2,p=1$");
    expect(JSON.stringify(stored)).not.toContain("correct horse");
  });

  test("logging out forgets the session, logging in brings it back", async () => {
    await using system = await startTestGateway();
    const buyer = new TestBuyer(system.url);
    const registered = await buyer.register("Ada", "correct horse battery");
    expect((await buyer.send("DELETE", "/api/session")).status).toBe(204);
    expect((await buyer.send("GET", "/api/session")).body).toBeNull();
    const loggedIn = await buyer.send("POST", "/api/session", {
      json: { name: "ADA", password: "correct horse battery" },
    });
    expect([loggedIn.status, loggedIn.body.userID]).toEqual([200, registered.body.userID]);
  });

  test("logging out, and logging in as somebody else, forget the sale token too", async () => {
    await using system = await startTestGateway();
    const browser = new TestBuyer(system.url);
    const ask = async (): Promise<string | undefined> =>
      (await browser.send("POST", "/check?productID=headphones")).body;
    await browser.register("Ada");
    await browser.token("headphones");
    expect((await browser.send("DELETE", "/api/session")).status).toBe(204);
    expect(await ask()).toMatchObject({ error: "token_missing" });
    await browser.register("Bob");
    await browser.token("headphones");
    await browser.register("Eve");
    expect(await ask()).toMatchObject({ error: "token_missing" });
    await browser.token("headphones");
    expect(await ask()).toMatchObject({ status: "accepted" });
  });

  test("a wrong password and an unknown name are refused in the same words", async () => {
    await using system = await startTestGateway();
    const buyer = new TestBuyer(system.url);
    await buyer.register("Ada", "correct horse battery");
    const wrong = await buyer.send("POST", "/api/session", { json: { name: "Ada", password: "wrong" } });
    const unknown = await buyer.send("POST", "/api/session", { json: { name: "Eve", password: "wrong" } });
    const impossible = await buyer.send("POST", "/api/session", { json: { name: "<Eve>", password: "wrong" } });
    expect([wrong.status, wrong.body.error]).toEqual([401, "wrong_credentials"]);
    expect(unknown.body).toEqual(wrong.body);
    expect(impossible.body).toEqual(wrong.body);
  });

  test("a name that exists is refused, whatever its case", async () => {
    await using system = await startTestGateway();
    const buyer = new TestBuyer(system.url);
    await buyer.register("Ada");
    const again = await buyer.register("ADA");
    expect([again.status, again.body.error]).toEqual([409, "name_taken"]);
  });

  test("a field that is missing, wrong or unknown is named with its value and its limit, and passwords are not shown", async () => {
    await using system = await startTestGateway();
    const buyer = new TestBuyer(system.url);
    const cases: [unknown, string][] = [
      [{ name: "A", password: "long enough" }, 'name is "A": must be at least 2 characters long'],
      [{ name: "Ada", password: "secret" }, "password (6 characters): must be at least 8 characters long"],
      [{ name: "Ada" }, "password is missing: must be a string"],
      [{ name: 7, password: "long enough" }, "name is 7: must be a string"],
      [
        { name: "Ada", password: "long enough", admin: true },
        "admin is not a known key: the body may hold name, password, invitation, work",
      ],
      [["Ada"], 'the body is ["Ada"]: must be an object'],
    ];
    for (const [json, message] of cases) {
      const answer = await buyer.send("POST", "/api/users", { json });
      expect(answer.body).toEqual({ error: "invalid_request", message });
      expect(answer.status).toBe(400);
    }
  });

  test("a body that is not JSON, of another type, or too large is refused", async () => {
    await using system = await startTestGateway({ limits: { max_body_bytes: 256 } });
    const buyer = new TestBuyer(system.url);
    const headers = { "content-type": "application/json" };
    const malformed = await buyer.send("POST", "/api/users", { headers, body: '{"name":' });
    expect([malformed.status, malformed.body.error]).toEqual([400, "malformed_json"]);
    const form = await buyer.send("POST", "/api/users", { body: "name=Ada" });
    expect([form.status, form.body.error]).toEqual([415, "unsupported_media_type"]);
    const large = await buyer.send("POST", "/api/users", { headers, body: JSON.stringify({ name: "x".repeat(300) }) });
    expect(large.body).toEqual({ error: "body_too_large", message: "The body may have 256 bytes at most." });
    expect(large.status).toBe(413);
    const chunks = new ReadableStream({
      pull(controller) {
        controller.enqueue(new TextEncoder().encode("x".repeat(200)));
      },
    });
    const endless = await buyer.send("POST", "/api/users", { headers, body: chunks });
    expect([endless.status, endless.body.error]).toEqual([413, "body_too_large"]);
  });

  test("a body that is not UTF-8 is refused: two passwords would be read as the same one", async () => {
    await using system = await startTestGateway();
    const json = Buffer.from(JSON.stringify({ name: "Ada", password: "correct horse battery?" }));
    const last = json.lastIndexOf("?");
    for (const byte of [0xfe, 0xff]) {
      json[last] = byte;
      const answer = await fetch(`${system.url}/api/users`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: json,
      });
      expect([answer.status, await answer.json()]).toMatchObject([400, { error: "malformed_json" }]);
    }
  });

  test("requests of foreign pages that change something are refused", async () => {
    await using system = await startTestGateway();
    const buyer = new TestBuyer(system.url);
    const json = { name: "Ada", password: "long enough" };
    for (const headers of [{ "sec-fetch-site": "cross-site" }, { origin: "https://evil.example" }]) {
      const answer = await buyer.send("POST", "/api/users", {
        json,
        headers: headers as unknown as Record<string, string>,
      });
      expect([answer.status, answer.body.error]).toEqual([403, "cross_site"]);
    }
    expect((await buyer.send("POST", "/api/users", { json, headers: { origin: system.url } })).status).toBe(201);
  });

  test("tries at one name are limited, also with the right password", async () => {
    await using system = await startTestGateway({ limits: { login_per_name: { rate_per_second: 0.001, burst: 2 } } });
    const buyer = new TestBuyer(system.url);
    await buyer.register("Ada", "correct horse battery");
    for (const password of ["wrong", "wrong too"]) {
      expect((await buyer.send("POST", "/api/session", { json: { name: "Ada", password } })).status).toBe(401);
    }
    const right = await buyer.send("POST", "/api/session", {
      json: { name: "ada", password: "correct horse battery" },
    });
    expect([right.status, right.body.error]).toEqual([429, "limited"]);
    expect(Number(right.headers.get("retry-after"))).toBeGreaterThan(900);
  });

  test("registrations from one address are limited", async () => {
    await using system = await startTestGateway({
      limits: { login_per_address: { rate_per_second: 0.001, burst: 1 } },
    });
    const buyer = new TestBuyer(system.url);
    expect((await buyer.register("Ada")).status).toBe(201);
    expect((await buyer.register("Eve")).status).toBe(429);
  });

  test("when too many passwords wait for their hash, the next request gets 503", async () => {
    await using system = await startTestGateway({ limits: { hash_concurrency: 1, hash_waiting: 0 } });
    const buyer = new TestBuyer(system.url);
    const answers = await Promise.all(["Ada", "Eve", "Joe", "Sue"].map((name) => buyer.register(name)));
    expect(answers.filter(({ status }) => status === 201).length).toBeGreaterThanOrEqual(1);
    const refused = answers.filter(({ status }) => status !== 201);
    expect(refused.length).toBeGreaterThanOrEqual(1);
    for (const answer of refused) expect([answer.status, answer.body.error]).toEqual([503, "overloaded"]);
  });

  test("a session cookie that was changed is no session", async () => {
    await using system = await startTestGateway();
    const buyer = new TestBuyer(system.url);
    const cookie = (await buyer.register("Ada")).headers.get("set-cookie")!.split(";")[0]!;
    const stranger = new TestBuyer(system.url);
    expect((await stranger.send("GET", "/api/session", { headers: { cookie } })).body.name).toBe("Ada");
    const changed = cookie.slice(0, -1) + (cookie.endsWith("A") ? "B" : "A");
    expect((await stranger.send("GET", "/api/session", { headers: { cookie: changed } })).body).toBeNull();
  });
});
