import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import type { Server } from "bun";
import { HashRing } from "hash-ring";
import { SaleTokens } from "../../src/authorization/sale-token.ts";
import { framingsOf } from "../fakes/framings.ts";
import { sendBytes } from "../fakes/send-bytes.ts";
import { spellingsOf } from "../fakes/spellings.ts";
import { startTestGateway } from "../fakes/test-gateway.ts";
import { gatewayNames as names, writeConfiguration } from "./nginx-configuration.ts";
import { checkSettings } from "../../src/settings/load-settings.ts";
import { Sessions, sessionCookieName } from "../../src/authorization/sessions.ts";
import {
  freePort,
  requireService,
  startNginx,
  temporaryFolder,
  type Service,
} from "../../../tools/test-services/index.ts";

const nginx = requireService("nginx");
const secret = "nginx-test-secret-0123456789-abcdefghij";

/** A stand-in for a gateway: it answers with its name and the request. */
interface Backend {
  readonly name: string;
  readonly port: number;
  server: Server<undefined> | undefined;
  /** Takes a request and closes the connection without an answer. */
  breaks: boolean;
  requests: number;
  /** Where they went. */
  readonly paths: string[];
}

describe.skipIf(nginx.missing)(`nginx in front of gateways${nginx.reason}`, () => {
  const backends: Backend[] = [];
  let service: Service;
  const tokens = new SaleTokens([secret]);
  const sessions = new Sessions([secret], 60_000);
  const ring = new HashRing(names);

  const serve = (backend: Backend): void => {
    backend.breaks = false;
    backend.requests = 0;
    backend.paths.length = 0;
    backend.server ??= Bun.serve({
      hostname: "127.0.0.1",
      port: backend.port,
      async fetch(request, server) {
        backend.requests++;
        backend.paths.push(new URL(request.url).pathname);
        if (backend.breaks) {
          // A gateway that crashes during a request.
          void server.stop(true);
          backend.server = undefined;
          return new Response();
        }
        const { headers, url } = request;
        return Response.json({
          name: backend.name,
          path: new URL(url).pathname + new URL(url).search,
          forwardedFor: headers.get("x-forwarded-for"),
          trace: [headers.get("traceparent"), headers.get("tracestate")],
          host: headers.get("host"),
          bodyBytes: (await request.arrayBuffer()).byteLength,
        });
      },
    });
  };

  beforeAll(async () => {
    for (const name of names) {
      backends.push({ name, port: await freePort(), server: undefined, breaks: false, requests: 0, paths: [] });
    }
    tokens.setSales(["sale"]);
    const folder = temporaryFolder("nginx");
    const port = await freePort();
    writeConfiguration(
      folder,
      port,
      backends.map((backend) => backend.port),
    );
    service = await startNginx({ folder, port });
  });
  beforeEach(() => backends.forEach(serve));
  afterAll(async () => {
    await service.stop();
    for (const { server } of backends) await server?.stop(true);
  });

  const tokenOf = (userId: string): string =>
    tokens.issue({
      saleId: "sale",
      productId: "product",
      userId,
      notBeforeMs: 0,
      expiresAtMs: 4_102_444_800_000,
      reservationId: "r",
      queuePosition: 0,
    });

  const ask = (path: string, headers: Record<string, string> = {}, body?: string) =>
    fetch(service.url + path, { headers, ...(body !== undefined && { method: "POST", body }) });
  const nameOf = async (response: Response): Promise<string> => ((await response.json()) as { name: string }).name;

  test("a user's requests go to the gateway that hash-ring names, by token or by session", async () => {
    const users = Array.from({ length: 300 }, (_, index) => (index % 3 === 0 ? `Käufer-${index}` : `user-${index}`));
    const found = new Set<string>();
    for (const user of users) {
      const owner = ring.owner(user);
      found.add(owner);
      expect(await nameOf(await ask("/check?productID=product", { authorization: `Bearer ${tokenOf(user)}` }))).toBe(
        owner,
      );
      expect(await nameOf(await ask(`/check?productID=product&token=${tokenOf(user)}`))).toBe(owner);
      const { cookie } = sessions.open({ id: user, name: "Somebody", sessionEpoch: 0 }, Date.now());
      expect(await nameOf(await ask("/api/session", { cookie: `a=b; ${sessionCookieName}=${cookie}` }))).toBe(owner);
    }
    expect(found.size).toBe(3);
  }, 60_000);

  test("what is no token is sent somewhere, always the same way, and nginx goes on", async () => {
    const odd = [
      "",
      "v1",
      "v1...",
      "v1.k.!!!.m",
      `v1.k.${Buffer.from("{}").toString("base64url")}.m`,
      "x".repeat(5000),
    ];
    for (const text of odd) {
      const response = await ask("/check", { authorization: `Bearer ${text}` });
      expect(await nameOf(response)).toBe(ring.owner("127.0.0.1"));
    }
  });

  test("while a gateway is down its users go to its successor, and nobody else moves", async () => {
    const [dead] = backends as [Backend];
    await dead.server?.stop(true);
    dead.server = undefined;
    const rest = ring.withoutNode(dead.name);
    for (let index = 0; index < 60; index++) {
      const authorization = `Bearer ${tokenOf(`user-${index}`)}`;
      expect(await nameOf(await ask("/check?productID=product", { authorization }))).toBe(rest.owner(`user-${index}`));
      expect(await nameOf(await ask("/api/token", { authorization }, "{}"))).toBe(rest.owner(`user-${index}`));
    }
    serve(dead);
    const user = Array.from({ length: 100 }, (_, index) => `user-${index}`).find(
      (each) => ring.owner(each) === dead.name,
    );
    const authorization = `Bearer ${tokenOf(user as string)}`;
    expect(await nameOf(await ask("/check?productID=product", { authorization }))).toBe(dead.name);
  });

  test("a gateway that dies in the middle is followed by its successor for /check, and never for what changes something", async () => {
    const user = "user-1";
    const authorization = `Bearer ${tokenOf(user)}`;
    const owner = backends.find(({ name }) => name === ring.owner(user)) as Backend;
    owner.breaks = true;
    const checked = await ask("/check?productID=product", { authorization });
    expect(await nameOf(checked)).toBe(ring.withoutNode(owner.name).owner(user));
    serve(owner);
    owner.breaks = true;
    const before = backends.map(({ requests }) => requests);
    expect((await ask("/api/orders/1/pay", { authorization }, "{}")).status).toBe(502);
    const after = backends.map(({ requests }) => requests);
    expect(after.reduce((sum, count) => sum + count)).toBe(before.reduce((sum, count) => sum + count) + 1);
  });

  test("the client's address is the one that nginx saw, whatever the client claims", async () => {
    const forged = { "x-forwarded-for": "203.0.113.7", "x-real-ip": "203.0.113.7", forwarded: "for=203.0.113.7" };
    const seen = (await (await ask("/check", forged)).json()) as { forwardedFor: string };
    expect(seen.forwardedFor).toBe("127.0.0.1");
  });

  test("a trace that the client claims does not reach a gateway, which would continue it", async () => {
    const forged = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", tracestate: "a=b" };
    const seen = (await (await ask("/check", forged)).json()) as { trace: unknown };
    expect(seen.trace).toEqual([null, null]);
  });

  test("internal addresses cannot be reached from outside: nginx or the gateway refuses each of these spellings", async () => {
    await using shop = await startTestGateway({
      backend: { internal_secret: "internal-secret-0123456789-abcdefghij" },
    });
    const line = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
    const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
    const direct = (target: string) => exchange(line(target), new URL(shop.url));
    let forwarded = 0;
    for (const address of ["metrics", "checkRight"]) {
      for (const target of spellingsOf(address)) {
        const before = backends.reduce((sum, { requests }) => sum + requests, 0);
        const answer = await raw(line(target));
        if (backends.reduce((sum, { requests }) => sum + requests, 0) === before) {
          expect([target, statusOf(answer) >= 400]).toEqual([target, true]);
          continue;
        }
        // nginx takes it for another address, and the gateway has nothing there, of what nginx sent it.
        forwarded++;
        const { path } = JSON.parse(/\{.*\}/s.exec(answer)![0]) as { path: string };
        for (const arrived of new Set([target, path])) {
          expect([arrived, statusOf(await direct(arrived)) >= 400, arrived === `/${address}`]).toEqual([
            arrived,
            true,
            false,
          ]);
        }
      }
      for (const target of [`/${address}`, `//${address}`, `/x/../${address}`, `/${address}?x`, `/./${address}`]) {
        expect([target, statusOf(await raw(line(target)))]).toEqual([target, 404]);
      }
    }
    expect(forwarded).toBeGreaterThan(0);
  }, 60_000);

  test("a body is no second request to the gateway, however its length is written", async () => {
    const second = `GET /second HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
    // Some are incomplete, so that nginx would wait for the rest.
    const send = (bytes: string): Promise<string> => sendBytes(service.port, bytes, 1_000);
    const seconds = (): string[] => backends.flatMap(({ paths }) => paths.filter((path) => path === "/second"));
    // nginx reads nothing after this request, so a second one could only come out of what it sent.
    const first = (method: string): string => `${method} /first HTTP/1.1\r\nHost: x\r\nConnection: close\r\n`;
    for (const method of ["POST", "GET", "DELETE"]) {
      await Promise.all(framingsOf(second).map((framing) => send(first(method) + framing)));
    }
    expect(seconds()).toEqual([]);
    expect(backends.flatMap(({ paths }) => paths)).toContain("/first");
    await send(`POST /first HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n${second}`);
    expect(seconds()).toEqual(["/second"]);
  }, 60_000);

  test("addresses reach the gateway as the client wrote them", async () => {
    const paths = ["/check?productID=a&productID=b", "//check?x", "/check%2f", "/api/../check?a=%20b"];
    const response = (path: string) => raw(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    for (const path of paths.slice(0, 3)) expect(await response(path)).toContain(JSON.stringify(path).slice(1, -1));
  });

  test("bodies and headers that are too large end at nginx", async () => {
    const before = backends.reduce((sum, { requests }) => sum + requests, 0);
    expect((await ask("/api/token", {}, "x".repeat(20_000))).status).toBe(413);
    expect((await ask("/check", { "x-long": "x".repeat(40_000) })).status).toBe(400);
    expect((await ask(`/check?token=${"x".repeat(40_000)}`)).status).toBe(414);
    expect(backends.reduce((sum, { requests }) => sum + requests, 0)).toBe(before);
  });

  test("a callback of a provider may be as large as a gateway takes it", async () => {
    const { payments } = checkSettings({}, "/");
    const answer = await ask("/api/payments/callback", {}, "x".repeat(payments.max_callback_bytes));
    expect(((await answer.json()) as { bodyBytes: number }).bodyBytes).toBe(payments.max_callback_bytes);
    expect((await ask("/api/payments/callback", {}, "x".repeat(payments.max_callback_bytes + 1))).status).toBe(413);
  });

  /** Sends bytes unchanged, and returns all that is received. */
  const raw = (bytes: string): Promise<string> =>
    exchange(bytes, { hostname: service.host, port: String(service.port) });
});

function exchange(bytes: string, { hostname, port }: Pick<URL, "hostname" | "port">): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(bytes, "latin1"));
    socket.on("data", (chunk) => (text += chunk.toString("latin1")));
    socket.on("error", reject);
    socket.on("close", () => resolve(text));
  });
}
