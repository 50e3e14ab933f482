import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { requireService, waitUntil } from "../../../tools/test-services/index.ts";
import { demoProductId } from "../../src/roles/demo-sale.ts";
import { openLedger } from "../../src/roles/system-parts.ts";
import { systemClock } from "../../src/time/clock.ts";
import { loadSettings } from "../../src/settings/load-settings.ts";
import { type GatewayProcesses, startGateways } from "../gateways/gateway-processes.ts";

/** Attacks with what a buyer's browser held before the buyer logged out. Somebody has copied it. */
const redis = requireService("redis");
const withinMs = 1_000;

describe.skipIf(redis.missing)(`what a revoked session leaves behind${redis.reason}`, () => {
  let ring: GatewayProcesses;
  beforeAll(async () => {
    ring = await startGateways({
      count: 3,
      units: 50,
      limits: { login_per_address: { rate_per_second: 1_000, burst: 1_000 } },
    });
  }, 60_000);
  afterAll(async () => {
    await ring?.[Symbol.asyncDispose]();
  }, 60_000);

  const password = "correct horse battery";
  /** What a thief has: the cookies of a session, and its token. */
  interface Loot {
    readonly session: string;
    readonly token: string;
    readonly reservation: string;
  }

  async function logIn(url: string, name: string, path = "/api/session"): Promise<Loot> {
    const headers = { "content-type": "application/json" };
    const post = (to: string, body: object, more = {}): Promise<Response> =>
      fetch(url + to, { method: "POST", headers: { ...headers, ...more }, body: JSON.stringify(body) });
    const opened = await post(path, { name, password });
    expect(opened.ok).toBe(true);
    const cookie = opened.headers.getSetCookie().find((text) => text.startsWith("seckill_session="))!;
    const session = cookie.slice(0, cookie.indexOf(";"));
    const issued = await post("/api/token", { productID: demoProductId }, { cookie: session });
    return { session, ...((await issued.json()) as { token: string; reservation: string }) };
  }
  const register = (url: string, name: string): Promise<Loot> => logIn(url, name, "/api/users");
  const ask = async (url: string, method: string, path: string, headers: Record<string, string>) => {
    const response = await fetch(url + path, { method, headers });
    const text = await response.text();
    return {
      status: response.status,
      error: (text === "" ? {} : ((JSON.parse(text) as { error?: string }) ?? {})).error,
    };
  };
  const logOut = (url: string, { session }: Loot, path = "/api/session") =>
    ask(url, "DELETE", path, { cookie: session });
  const buy = (url: string, { token }: Loot, by: "bearer" | "cookie" = "bearer") =>
    ask(
      url,
      "POST",
      `/check?productID=${demoProductId}`,
      by === "bearer" ? { authorization: `Bearer ${token}` } : { cookie: `seckill_token=${token}` },
    );
  const who = async (url: string, { session }: Loot): Promise<unknown> =>
    (await fetch(`${url}/api/session`, { headers: { cookie: session } })).json();

  /** Everything that the thief tries, at one gateway. */
  async function expectUseless(url: string, loot: Loot): Promise<void> {
    for (const by of ["bearer", "cookie"] as const) {
      expect(await buy(url, loot, by)).toEqual({ status: 401, error: "token_revoked" });
    }
    const read = `/api/reservations/${loot.reservation}`;
    for (const path of [read, `${read}/events`]) {
      const bearer = await ask(url, "GET", path, { authorization: `Bearer ${loot.token}` });
      expect(bearer).toEqual({ status: 401, error: "token_revoked" });
    }
    expect(await who(url, loot)).toBeNull();
    const again = await fetch(`${url}/api/token`, {
      method: "POST",
      headers: { cookie: loot.session, "content-type": "application/json" },
      body: JSON.stringify({ productID: demoProductId }),
    });
    expect(again.status).toBe(401);
    expect((await logOut(url, loot, "/api/sessions")).status).toBe(401);
  }

  async function expectUselessEverywhere(loot: Loot, sinceMs: number): Promise<void> {
    for (const url of ring.urls()) {
      await waitUntil(async () => (await who(url, loot)) === null, {
        what: "the session to be over",
        timeoutMs: 10_000,
      });
    }
    // Far less on an idle machine: this one runs other tests as well.
    expect(performance.now() - sinceMs).toBeLessThan(withinMs * 5);
    for (const url of ring.urls()) await expectUseless(url, loot);
  }

  test("buys nothing at any gateway after a logout, nor after kill -9 and a restart", async () => {
    const [first, second] = ring.urls() as [string, string];
    const loot = await register(first, "Ada");
    const other = await logIn(second, "Ada");
    const sinceMs = performance.now();
    expect((await logOut(first, loot)).status).toBe(204);
    // The gateway that has done it knows it before it answers.
    expect(await buy(first, loot)).toEqual({ status: 401, error: "token_revoked" });
    await expectUselessEverywhere(loot, sinceMs);
    const victim = ring.gateways[1]!;
    await victim.program!.process.kill("SIGKILL");
    victim.program = undefined;
    const meanwhile = await register(first, "Grace");
    expect((await logOut(first, meanwhile)).status).toBe(204);
    await ring.start(victim);
    // A gateway knows all revocations before it takes its first request.
    for (const gone of [loot, meanwhile]) await expectUseless(victim.program!.url, gone);
    // The other session of the same user goes on.
    expect(await who(victim.program!.url, other)).toMatchObject({ name: "Ada" });
    expect((await buy(victim.program!.url, other)).status).toBe(202);
  }, 60_000);

  test("is useless after a logout everywhere, from any of the user's sessions", async () => {
    const [first, second, third] = ring.urls() as [string, string, string];
    const loot = [await register(first, "Mary"), await logIn(second, "Mary"), await logIn(third, "Mary")];
    const sinceMs = performance.now();
    expect((await logOut(third, loot[1]!, "/api/sessions")).status).toBe(204);
    for (const one of loot) await expectUselessEverywhere(one, sinceMs);
    const fresh = await logIn(first, "Mary");
    for (const url of ring.urls()) expect(await who(url, fresh)).toMatchObject({ name: "Mary" });
    expect((await buy(second, fresh)).status).toBe(202);
  }, 60_000);

  test("is useless after a ban, which another process writes into the ledger", async () => {
    const [first] = ring.urls() as [string];
    const loot = await register(first, "Mallory");
    const { userID } = (await who(first, loot)) as { userID: string };
    const ledger = openLedger(loadSettings(ring.configFile, {}), systemClock.now);
    const sinceMs = performance.now();
    await ledger.revocations.revokeUser(userID, "ban");
    await ledger.close();
    await expectUselessEverywhere(loot, sinceMs);
  }, 60_000);

  test("watches nothing any more: streams of events end, also at other gateways", async () => {
    const [first, second] = ring.urls() as [string, string];
    const loot = await register(first, "Trudy");
    const watch = (headers: Record<string, string>): Promise<Response> =>
      fetch(`${second}/api/reservations/${loot.reservation}/events?productID=${demoProductId}`, { headers });
    // Somebody who has not bought yet waits for nothing, so a stream of a reservation that is not there would end by itself.
    expect((await buy(first, loot)).status).toBe(202);
    const streams = [await watch({ authorization: `Bearer ${loot.token}` }), await watch({ cookie: loot.session })];
    for (const { status } of streams) expect(status).toBe(200);
    const texts = streams.map((stream) => stream.text());
    expect((await logOut(first, loot)).status).toBe(204);
    for (const text of texts) expect(await text).toContain("event: status");
    await expectUseless(second, loot);
  }, 60_000);
});
