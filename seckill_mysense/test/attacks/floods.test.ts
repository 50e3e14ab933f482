import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { type AttackedShop, startAttackedShop } from "./attacked-shop.ts";

/** Floods of requests and connections. Legal buyers are served meanwhile, and the attackers get nothing. */
let shop: AttackedShop;
const perUser = { rate_per_second: 2, burst: 5 };
const perAddress = { rate_per_second: 50, burst: 100 };

beforeAll(async () => {
  shop = await startAttackedShop({
    // Stands in for nginx. The shop trusts the addresses that it reports, but not those that attackers forge.
    backend: { trusted_proxies: ["127.0.0.2"] },
    limits: { check_per_user: perUser, check_per_address: perAddress, body_timeout_ms: 500 },
  });
}, 60_000);
afterAll(async () => {
  await shop.expectOnlyLegalOrders();
  await shop[Symbol.asyncDispose]();
}, 60_000);

/** Sends a request as a client at this address, through the proxy that the shop trusts. */
function askFrom(address: string, token: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = "";
    const head = `POST /check?productID=headphones HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n`;
    const socket = connect({ host: "127.0.0.1", port: shop.port, localAddress: "127.0.0.2" }, () =>
      socket.write(`${head}X-Forwarded-For: ${address}\r\nAuthorization: Bearer ${token}\r\n\r\n`),
    );
    socket.on("data", (chunk) => (text += chunk.toString("latin1")));
    socket.on("error", reject);
    socket.on("close", () => resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0)));
  });
}

/** A legal buyer with an own address, who retries whenever the shop says so. */
async function legalBuyer(index: number): Promise<void> {
  const token = shop.token(shop.allow(`legal-${index}`));
  for (let attempt = 0; attempt < 50; attempt++) {
    const status = await askFrom(`198.51.100.${index % 250}`, token);
    if (status === 202 || status === 200) return;
    if (status !== 503) throw new Error(`a legal buyer got ${status}`);
    await Bun.sleep(50);
  }
  throw new Error("a legal buyer was never served");
}

/** A flood is one: more requests than any limit lets through at once, also when the legal buyers are served in no time. */
const leastAttacks = 4 * perAddress.burst;

/** Runs `attack` in a loop with this concurrency while ten legal buyers are served. */
async function whileFlooded(hands: number, attack: () => Promise<void>, firstBuyer: number): Promise<void> {
  let over = false;
  let attacks = 0;
  const flood = Promise.all(
    Array.from({ length: hands }, async () => {
      while (!over || attacks < leastAttacks) {
        attacks++;
        await attack();
      }
    }),
  );
  try {
    for (let index = 0; index < 10; index++) await legalBuyer(firstBuyer + index);
  } finally {
    over = true;
    await flood;
  }
}

const secondsSince = (startedMs: number): number => (performance.now() - startedMs) / 1_000;
const countOf = (counts: ReadonlyMap<number, number>, status: number): number => counts.get(status) ?? 0;

describe("an answer", () => {
  test("about a request with a thousand mistakes is hardly longer than the request", async () => {
    const body = JSON.stringify(Object.fromEntries(Array.from({ length: 1_500 }, (_, index) => [`k${index}`, 0])));
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${shop.url}/api/users`, { method: "POST", headers, body });
    const text = await answer.text();
    expect([answer.status, text.length < body.length]).toEqual([400, true]);
    expect(text).toContain("name is missing");
  });
});

describe("a flood", () => {
  test("with a token for another product is refused each time", async () => {
    const counts = new Map<number, number>();
    const token = shop.token("mallory", { productId: "speaker" });
    await whileFlooded(
      20,
      async () => {
        // A valid token of one product is used for another product. This must never give an order.
        const status = await askFrom("203.0.113.1", token);
        counts.set(status, countOf(counts, status) + 1);
      },
      0,
    );
    expect([...counts.keys()]).toEqual([403]);
  }, 60_000);

  test("of one user with a good token reaches the gate only as often as the user's limit allows", async () => {
    const counts = new Map<number, number>();
    const token = shop.token(shop.allow("greedy"));
    const startedMs = performance.now();
    await whileFlooded(
      20,
      async () => {
        const status = await askFrom(`203.0.113.${2 + (countOf(counts, 429) % 200)}`, token);
        counts.set(status, countOf(counts, status) + 1);
      },
      10,
    );
    const seconds = secondsSince(startedMs);
    expect(countOf(counts, 202)).toBe(1);
    expect(countOf(counts, 200) + countOf(counts, 202)).toBeLessThanOrEqual(
      perUser.burst + perUser.rate_per_second * (seconds + 1),
    );
    expect(countOf(counts, 429)).toBeGreaterThan(0);
  }, 60_000);

  test("of many users at one address gets that address no further than its limit", async () => {
    const counts = new Map<number, number>();
    let user = 0;
    const startedMs = performance.now();
    await whileFlooded(
      20,
      async () => {
        const name = `bot-${user++}`;
        const status = await askFrom("203.0.113.250", shop.token(name));
        counts.set(status, countOf(counts, status) + 1);
        if (status === 202) shop.allow(name);
      },
      20,
    );
    const seconds = secondsSince(startedMs);
    expect(countOf(counts, 202)).toBeLessThanOrEqual(perAddress.burst + perAddress.rate_per_second * (seconds + 1));
    expect(countOf(counts, 429)).toBeGreaterThan(0);
  }, 60_000);

  test("whose addresses are forged counts as one address: only the trusted proxy is believed", async () => {
    const counts = new Map<number, number>();
    let user = 0;
    let startedMs = performance.now();
    const atMost = (): number => perAddress.burst + perAddress.rate_per_second * (secondsSince(startedMs) + 1);
    await whileFlooded(
      20,
      async () => {
        const name = `liar-${user++}`;
        const forged = { "x-forwarded-for": `192.0.2.${user % 250}`, forwarded: `for=192.0.2.${user % 250}` };
        const { status } = await shop.check(shop.token(name), forged);
        counts.set(status, countOf(counts, status) + 1);
        if (status === 202) shop.allow(name);
      },
      30,
    );
    expect(countOf(counts, 202)).toBeLessThanOrEqual(atMost());
    expect(countOf(counts, 429)).toBeGreaterThan(0);
    // The proxy appends the real address at the right, so the client's own entry at the left is ignored.
    const again = new Map<number, number>();
    startedMs = performance.now();
    for (let index = 0; countOf(again, 429) === 0 && index < 10_000; index++) {
      const name = `liar-again-${index}`;
      const status = await askFrom(`192.0.2.${index % 250}, 203.0.113.251`, shop.token(name));
      if (status === 202) shop.allow(name);
      again.set(status, countOf(again, status) + 1);
    }
    expect(countOf(again, 429)).toBe(1);
    expect(countOf(again, 202)).toBeLessThanOrEqual(atMost());
  }, 60_000);

  test("of forged tokens costs them an answer each and is counted", async () => {
    let refused = 0;
    const forged = shop.token("mallory", {}, "another-secret-0123456789-abcdefghijklmnop");
    await whileFlooded(
      50,
      async () => {
        expect((await shop.check(forged)).status).toBe(401);
        refused++;
      },
      40,
    );
    const counted = /^seckill_check_total\{outcome="token_unknown_key"\} (\d+)/m.exec(await shop.metrics())?.[1];
    expect(Number(counted)).toBeGreaterThanOrEqual(refused);
  }, 60_000);
});

describe("connections that stay", () => {
  const open = (bytes: string): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: "127.0.0.1", port: shop.port }, () => {
        socket.write(bytes);
        resolve(socket);
      });
      socket.on("error", reject);
    });

  test("and send their headers byte by byte keep nobody out", async () => {
    const sockets = await Promise.all(
      Array.from({ length: 500 }, () => open("POST /check?productID=headphones HTTP/1.1\r\nHost: shop\r\nX-Slow: ")),
    );
    const dribble = setInterval(() => sockets.forEach((socket) => socket.write("x")), 50);
    try {
      for (let index = 0; index < 10; index++) await legalBuyer(50 + index);
    } finally {
      clearInterval(dribble);
      sockets.forEach((socket) => socket.destroy());
    }
  }, 60_000);

  test("and send their bodies byte by byte are refused as too slow, or before that as too many of one address", async () => {
    const head =
      "POST /api/users HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n";
    const sockets = await Promise.all(Array.from({ length: 300 }, () => open(head)));
    const answers = sockets.map(
      (socket) =>
        new Promise<string>((resolve) => {
          socket.once("data", (chunk) => resolve(chunk.toString("latin1").split("\r\n", 1)[0] as string));
          socket.once("close", () => resolve("closed"));
        }),
    );
    const dribble = setInterval(() => sockets.forEach((socket) => socket.write(" ")), 50);
    try {
      for (let index = 0; index < 10; index++) await legalBuyer(60 + index);
      const told = new Set(await Promise.all(answers));
      expect([...told].toSorted()).toEqual(["HTTP/1.1 408 Request Timeout", "HTTP/1.1 429 Too Many Requests"]);
    } finally {
      clearInterval(dribble);
      sockets.forEach((socket) => socket.destroy());
    }
  }, 60_000);

  test("and never read what they are answered keep nobody out, and their answers do not pile up", async () => {
    const perConnection = 400;
    const connections = 100;
    const answerBytes = (await (await fetch(`${shop.url}/openapi.json`)).arrayBuffer()).byteLength;
    const before = shop.residentBytes();
    const request = "GET /openapi.json HTTP/1.1\r\nHost: shop\r\n\r\n".repeat(perConnection);
    const sockets = await Promise.all(Array.from({ length: connections }, () => open(request)));
    for (const socket of sockets) socket.pause();
    try {
      for (let index = 0; index < 10; index++) await legalBuyer(70 + index);
      const all = answerBytes * perConnection * connections;
      expect(all).toBeGreaterThan(512 * 1_024 * 1_024);
      expect(shop.residentBytes() - before).toBeLessThan(all / 4);
    } finally {
      sockets.forEach((socket) => socket.destroy());
    }
  }, 60_000);
});
