import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { sendBytes } from "../fakes/send-bytes.ts";
import { spellingsOf } from "../fakes/spellings.ts";
import { type AttackedShop, startAttackedShop } from "./attacked-shop.ts";

/** Attacks on what is for operators and other programs: from the buyers' port, and from a network that reaches its own. */
const internalSecret = "internal-secret-0123456789-abcdefghijklmno";
const programKey = "program-key-0123456789-abcdefghijklmnopqrs";
const inside = ["metrics", "metrics/quantity", "checkRight", "invitations", "dead-letters", "dead-letters/1"];
const secretHeader = `Authorization: Bearer ${internalSecret}\r\n`;
let shop: AttackedShop;

beforeAll(async () => {
  shop = await startAttackedShop({
    backend: { internal_secret: internalSecret },
    // Others can reach it: the strictest rules hold.
    operations: { host: "0.0.0.0" },
    quantity: { port: 0, programs: [{ name: "shop", key: programKey }] },
  });
}, 60_000);
afterAll(async () => {
  await shop.expectOnlyLegalOrders();
  await shop[Symbol.asyncDispose]();
}, 60_000);

/** All statuses of an answer: pipelined requests have several. */
const statusesOf = (answer: string): number[] =>
  [...answer.matchAll(/HTTP\/1\.[01] (\d{3})/g)].map(([, status]) => Number(status));
const revealing = /seckill_|"right"|"owner"|deadLetters|internal_secret/;

interface Line {
  readonly method?: string;
  readonly headers?: string;
  readonly version?: string;
  readonly host?: string;
}

function request(target: string, { method = "GET", headers = "", version = "1.1", host = "shop" }: Line = {}): string {
  const body = method === "POST" ? '{"userID":"mallory"}' : "";
  const length = body === "" ? "" : `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
  const hostLine = host === "" ? "" : `Host: ${host}\r\n`;
  return `${method} ${target} HTTP/${version}\r\n${hostLine}${headers}${length}Connection: close\r\n\r\n${body}`;
}

const operationsPort = (): number => Number(new URL(shop.operationsUrl).port);

describe("on the buyers' port", () => {
  const expectNothing = async (bytes: string, ...statuses: number[]): Promise<void> => {
    const answer = await shop.raw(bytes, 2_000);
    const told = statusesOf(answer);
    expect([bytes, told.length, told.filter((status) => !statuses.includes(status))]).toEqual([bytes, 1, []]);
    expect([bytes, revealing.test(answer)]).toEqual([bytes, false]);
  };

  test("nothing inside is there, by any method, with or without the secret", async () => {
    for (const path of inside) {
      for (const method of ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"]) {
        for (const headers of ["", secretHeader]) await expectNothing(request(`/${path}`, { method, headers }), 404);
      }
    }
  });

  test("nothing inside is there in any spelling of its path", async () => {
    for (const path of inside) {
      for (const target of spellingsOf(path)) {
        // Some spellings are no HTTP: Bun refuses them.
        for (const method of ["GET", "POST"]) {
          await expectNothing(request(target, { method, headers: secretHeader }), 404, 400, 505);
        }
      }
    }
  }, 60_000);

  test("no host, no address of the other listener and no header of a proxy changes that", async () => {
    const other = `127.0.0.1:${operationsPort()}`;
    const hosts = [other, "localhost", `localhost:${operationsPort()}`, "operations", "", "[::1]"];
    const headers = [
      `X-Original-URL: /metrics\r\n`,
      `X-Rewrite-URL: /metrics\r\n`,
      `X-Forwarded-Host: ${other}\r\nX-Forwarded-Port: ${operationsPort()}\r\n`,
      `X-Forwarded-For: 127.0.0.1\r\nForwarded: for=127.0.0.1;host="${other}"\r\n`,
      `X-HTTP-Method-Override: POST\r\n`,
      `Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n`,
    ];
    for (const path of ["metrics", "checkRight"]) {
      for (const host of hosts) {
        await expectNothing(request(`/${path}`, { host, headers: secretHeader }), 404, 400);
        await expectNothing(request(`/${path}`, { host, headers: secretHeader, version: "1.0" }), 404, 400);
      }
      for (const line of headers) await expectNothing(request(`/${path}`, { headers: secretHeader + line }), 404);
      await expectNothing(request(`http://${other}/${path}`, { headers: secretHeader }), 404, 400);
      await expectNothing(request(`http://${other}/${path}`, { headers: secretHeader, host: other }), 404, 400);
    }
    await expectNothing(request(other, { method: "CONNECT", host: other }), 404, 400, 405);
    await expectNothing(request("*", { method: "OPTIONS" }), 404, 400);
  });

  test("a request behind another one on the connection gets no further", async () => {
    const keep = `GET /healthz HTTP/1.1\r\nHost: shop\r\n\r\n`;
    const answer = await shop.raw(keep + keep + request("/metrics", { headers: secretHeader }), 5_000);
    expect(statusesOf(answer)).toEqual([200, 200, 404]);
    expect(revealing.test(answer)).toBe(false);
  });

  test("the description of the interface does not speak of what is inside", async () => {
    const { paths } = (await (await fetch(`${shop.url}/openapi.json`)).json()) as { paths: Record<string, unknown> };
    expect(Object.keys(paths).filter((path) => inside.includes(path.slice(1)))).toEqual([]);
    expect(Object.keys(paths)).toContain("/check");
  });

  test("readiness says yes or no, and nothing of the parts", async () => {
    for (const headers of [{}, { authorization: `Bearer ${internalSecret}` }] as Record<string, string>[]) {
      const answer = await fetch(`${shop.url}/readyz`, { headers });
      expect([answer.status, await answer.json()]).toEqual([200, { status: "ready" }]);
    }
    expect(await (await fetch(`${shop.url}/healthz`)).json()).toEqual({ status: "ok" });
  });
});

describe("on the programs' port", () => {
  test("a program's key shows no figures and no parts", async () => {
    const ask = (path: string) =>
      fetch(`${shop.quantityUrl}${path}`, { headers: { authorization: `Bearer ${programKey}` } });
    expect((await ask("/metrics")).status).toBe(404);
    expect(await (await ask("/readyz")).json()).toEqual({ status: "ready" });
    expect((await ask("/remaining/headphones")).status).toBe(200);
  });
});

describe("on the operators' port, where others can reach it", () => {
  const raw = (bytes: string): Promise<string> => sendBytes(operationsPort(), bytes, 2_000);
  const wrong = [
    "",
    "Authorization: Bearer\r\n",
    "Authorization: Bearer \r\n",
    `Authorization: Bearer ${internalSecret}x\r\n`,
    `Authorization: Bearer ${internalSecret.slice(0, -1)}\r\n`,
    `Authorization: Bearer ${internalSecret.toUpperCase()}\r\n`,
    `Authorization: Basic ${internalSecret}\r\n`,
    `Authorization: ${internalSecret}\r\n`,
    `Authorization: Bearer ${programKey}\r\n`,
    `Authorization: Bearer x\r\n${secretHeader}`,
    `Cookie: authorization=Bearer ${internalSecret}\r\n`,
    `X-Forwarded-For: 127.0.0.1\r\nX-Real-IP: 127.0.0.1\r\n`,
  ];

  test("nothing is told without the right secret", async () => {
    const methods = { checkRight: "POST", invitations: "POST" } as Record<string, string>;
    for (const path of inside) {
      for (const headers of wrong) {
        const bytes = request(`/${path}`, { headers, method: methods[path] ?? "GET" });
        const answer = await raw(bytes);
        expect([bytes, statusesOf(answer)]).toEqual([bytes, [401]]);
        expect(answer).not.toMatch(/seckill_|"right"|deadLetters/);
      }
    }
    // They answer those who have the secret, so that a refusal means something.
    const found = inside.map((path) =>
      raw(request(`/${path}`, { headers: secretHeader, method: methods[path] ?? "GET" })),
    );
    const answers = await Promise.all(found);
    expect(answers.flatMap(statusesOf)).toEqual([200, 200, 200, 400, 200, 404]);
    // Figures of the process and of its gateway stand in one text: none of them twice.
    const types = [...answers[0]!.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
    expect(types).toEqual([...new Set(types)]);
    expect(types).toEqual(
      expect.arrayContaining(["seckill_check_total", "seckill_part_up", "seckill_refunds_waiting"]),
    );
  });

  test("no other method, spelling, host or version tells anything", async () => {
    for (const path of inside) {
      const bytes = [
        ...["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS"].map((method) => request(`/${path}`, { method })),
        ...spellingsOf(path).map((target) => request(target)),
        ...["localhost", "127.0.0.1", ""].map((host) => request(`/${path}`, { host, version: "1.0" })),
        request(`http://localhost/${path}`, { host: "localhost" }),
      ];
      for (const each of bytes) {
        const answer = await raw(each);
        expect([each, statusesOf(answer).every((status) => status >= 400)]).toEqual([each, true]);
        expect([each, /seckill_|"right"|deadLetters/.test(answer)]).toEqual([each, false]);
      }
    }
  }, 60_000);

  test("readiness names the parts only to those who have the secret", async () => {
    expect(await (await fetch(`${shop.operationsUrl}/readyz`)).json()).toEqual({ status: "ready" });
    const headers = { authorization: `Bearer ${internalSecret}` };
    const told = await (await fetch(`${shop.operationsUrl}/readyz`, { headers })).json();
    expect(told).toMatchObject({ status: "ready", parts: expect.anything(), products: [], productsNotWell: 0 });
  });

  test("nothing of the buyers or the programs is there", async () => {
    const token = shop.token("mallory");
    for (const target of ["/check?productID=headphones", "/api/users", "/api/sales", "/getOne", "/"]) {
      for (const method of ["GET", "POST"]) {
        const answer = await raw(request(target, { method, headers: `Authorization: Bearer ${token}\r\n` }));
        expect([target, statusesOf(answer)]).toEqual([target, [404]]);
      }
    }
  });
});
