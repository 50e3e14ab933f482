import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type AttackedShop, startAttackedShop } from "./attacked-shop.ts";

/** Attacks on accounts, and with the token or the cookies of a buyer. */
let shop: AttackedShop;
const tries = 5;
const reads = 20;
const streams = 3;

beforeAll(async () => {
  shop = await startAttackedShop({
    limits: {
      login_per_name: { rate_per_second: 0.001, burst: tries },
      api_per_user: { rate_per_second: 0.001, burst: reads },
      event_listeners_per_user: streams,
    },
  });
}, 60_000);
afterAll(async () => {
  await shop.expectOnlyLegalOrders();
  await shop[Symbol.asyncDispose]();
}, 60_000);

const post = (path: string, body: unknown): Promise<Response> =>
  fetch(shop.url + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
const register = (name: string, password = "correct horse battery"): Promise<Response> =>
  post("/api/users", { name, password });
const logIn = (name: string, password: string): Promise<Response> => post("/api/session", { name, password });
const errorOf = async (response: Response): Promise<unknown> => ((await response.json()) as { error?: string }).error;

describe("a name", () => {
  test("in other spellings is one name, and its tries count together", async () => {
    expect((await register("Ada Lovelace")).status).toBe(201);
    const spellings = [
      "ada lovelace",
      " ADA LOVELACE ",
      "\u3000ada lovelace\u00a0",
      "ａｄａ lovelace",
      "Ａda LOVELACE",
      "\u{1D41A}da lovelace",
      "ada\u3000lovelace",
    ];
    for (const name of spellings) expect(await errorOf(await register(name))).toBe("name_taken");
    const statuses: number[] = [];
    for (const name of spellings) statuses.push((await logIn(name, "a guess")).status);
    expect(statuses).toEqual(spellings.map((_, index) => (index < tries ? 401 : 429)));
    // Nor does the right password pass now.
    expect((await logIn("ＡＤＡ LOVELACE", "correct horse battery")).status).toBe(429);
  });

  test("that fits logs in by any spelling", async () => {
    expect((await register("Ｇrace  ".trimEnd())).status).toBe(201);
    const response = await logIn(" ＧＲＡＣＥ ", "correct horse battery");
    expect([response.status, ((await response.json()) as { name: string }).name]).toEqual([200, "Grace"]);
  });

  test("is as long as its canonical form, and can be seen", async () => {
    // One character that stands for 18 others.
    for (const name of ["\ufdfa".repeat(40), "\ufdfa".repeat(3), "ada\u3164", "\u115fada", "a".repeat(41)]) {
      expect([name, await errorOf(await register(name))]).toEqual([name, "invalid_request"]);
    }
    for (const name of ["\ufdfa".repeat(40), "", "  "]) {
      expect([name, await errorOf(await logIn(name, "correct horse battery"))]).toEqual([name, "wrong_credentials"]);
    }
  });
});

describe("a token", () => {
  const read = (token: string, reservation: string, path = ""): Promise<Response> =>
    fetch(`${shop.url}/api/reservations/${reservation}${path}`, { headers: { authorization: `Bearer ${token}` } });

  test("without a session reads no more than its user may, whatever it names", async () => {
    const token = shop.token("mallory");
    const statuses: number[] = [];
    for (let index = 0; index < 2 * reads; index++) {
      const response = await read(token, `made-up-${index}`.padEnd(28, "x"));
      statuses.push(response.status);
      await response.arrayBuffer();
    }
    expect(statuses.slice(0, reads)).not.toContain(429);
    expect(new Set(statuses.slice(reads))).toEqual(new Set([429]));
    // Another token is the same user.
    expect((await read(shop.token("mallory"), "made-up-again".padEnd(28, "x"))).status).toBe(429);
    expect((await read(shop.token("eve"), "made-up-again".padEnd(28, "x"))).status).not.toBe(429);
  });

  test("opens no stream of events by asking for its headers alone, which nobody would read", async () => {
    const token = shop.token(shop.allow("peeping"));
    const { reservation } = (await (await shop.check(token)).json()) as { reservation: string };
    const ask = (method: string): Promise<Response> =>
      fetch(`${shop.url}/api/reservations/${reservation}/events`, {
        method,
        headers: { authorization: `Bearer ${token}` },
      });
    for (let index = 0; index < 2 * streams; index++) {
      const { status, headers } = await ask("HEAD");
      expect([status, headers.get("content-type")]).toEqual([200, "text/event-stream"]);
    }
    const opened = await ask("GET");
    expect(opened.status).toBe(200);
    await opened.body?.cancel();
  });

  test("opens a few streams of events, and leaves the others to others", async () => {
    const openStreams = async (userId: string, count: number): Promise<Response[]> => {
      const token = shop.token(shop.allow(userId));
      const reserved = (await (await shop.check(token)).json()) as { reservation: string };
      return Promise.all(Array.from({ length: count }, () => read(token, reserved.reservation, "/events")));
    };
    const responses = await openStreams("trudy", streams + 3);
    const opened = responses.filter(({ status }) => status === 200);
    expect(opened).toHaveLength(streams);
    for (const response of responses) {
      if (response.status !== 200) expect(await errorOf(response)).toBe("too_many_listeners");
    }
    const others = await openStreams("victor", 1);
    expect(others[0]?.status).toBe(200);
    for (const response of [...opened, ...others]) await response.body?.cancel();
  });
});

describe("a page of another site", () => {
  test("buys nothing with a buyer's cookie, and a buyer's own page does", async () => {
    const ask = (headers: Record<string, string>, token: string, more = "", method = "POST"): Promise<Response> =>
      fetch(`${shop.url}/check?productID=headphones${more}`, {
        method,
        headers: { cookie: `seckill_token=${token}`, ...headers },
      });
    const victim = shop.token("victim");
    const foreign: Record<string, string>[] = [
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
      { origin: "https://evil.example" },
      { origin: "null" },
    ];
    for (const headers of foreign) {
      for (const more of ["", "&token=a&token=b"]) {
        for (const method of ["POST", "GET"]) {
          const response = await ask(headers, victim, more, method);
          expect([response.status, await errorOf(response)]).toEqual([403, "cross_site"]);
        }
      }
    }
    const buyer = shop.token(shop.allow("own-page"));
    expect((await ask({ "sec-fetch-site": "same-origin", origin: shop.url }, buyer)).status).toBe(202);
    // A program names its token, whatever page it runs on.
    const program = shop.token(shop.allow("program"));
    expect((await shop.check(program, { origin: "https://app.example" })).status).toBe(202);
  });
});
