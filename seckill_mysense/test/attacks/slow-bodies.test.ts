import { expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { waitUntil } from "../../../tools/test-services/index.ts";
import type { PaymentProvider } from "../../src/payments/payment-provider.ts";
import { buyerWithToken, TestBuyer } from "../fakes/test-buyer.ts";
import { startTestGateway } from "../fakes/test-gateway.ts";

/** Bodies that begin and do not end. Each keeps a place among the requests of the gateway that may wait. */
const [attackers, places] = [120, 100];

/** Takes no callback for genuine. */
const provider: PaymentProvider = {
  name: "simulator",
  create: () => Promise.reject(new Error("nobody pays here")),
  ask: () => Promise.resolve(undefined),
  end: () => Promise.resolve(),
  refund: () => Promise.resolve("pending"),
  readCallback: () => Promise.resolve({ kind: "forged" }),
};

function startBody(url: string, path: string): Promise<Socket> {
  const head = `POST ${path} HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`;
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port: Number(new URL(url).port) }, () => {
      socket.write(head);
      resolve(socket);
    });
    socket.on("error", reject);
  });
}

test.each([
  // The registration of the buyer was the first of ten tries.
  ["/api/users", 9],
  ["/api/session", 9],
  ["/api/payments/callback", 64],
])("bodies of one address that never end at %s keep nobody from buying", async (path, waiting) => {
  const limits = { requests_in_flight: places, body_timeout_ms: 60_000 };
  const login_per_address = { rate_per_second: 0.001, burst: 10 };
  await using system = await startTestGateway({ provider, limits: { ...limits, login_per_address } });
  const [ada, token] = await buyerWithToken(system.url, "Ada", "headphones");
  const sockets = await Promise.all(Array.from({ length: attackers }, () => startBody(system.url, path)));
  const told: string[] = [];
  for (const socket of sockets) socket.once("data", (data) => told.push(data.toString("latin1").slice(9, 12)));
  try {
    await waitUntil(() => told.length >= attackers - places, { what: "some to be refused", timeoutMs: 10_000 });
    expect((await ada.check("headphones", token)).status).toBe(202);
    expect((await new TestBuyer(system.url).send("GET", "/api/sales")).status).toBe(200);
    await waitUntil(() => told.length === attackers - waiting, { what: "the rest to be refused", timeoutMs: 10_000 });
    expect(new Set(told)).toEqual(new Set(["429"]));
  } finally {
    for (const socket of sockets) socket.destroy();
  }
});

test("a callback whose body ends, or whose client is gone, gives its place back", async () => {
  await using system = await startTestGateway({ provider, limits: { body_timeout_ms: 60_000 } });
  const ask = () => new TestBuyer(system.url).send("POST", "/api/payments/callback", { json: {} });
  for (let index = 0; index < 100; index++) expect((await ask()).body.error).toBe("callback_forged");
  const sockets = await Promise.all(Array.from({ length: 64 }, () => startBody(system.url, "/api/payments/callback")));
  await waitUntil(async () => (await ask()).status === 429, { what: "all places to be taken", timeoutMs: 10_000 });
  for (const socket of sockets) socket.destroy();
  await waitUntil(async () => (await ask()).status !== 429, { what: "the places to be free", timeoutMs: 10_000 });
});
