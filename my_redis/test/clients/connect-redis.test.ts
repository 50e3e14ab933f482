import { afterAll, beforeAll, expect, test } from "bun:test";
import { createServer, type Server } from "node:http";
import { RedisStore } from "connect-redis";
import session, { type SessionRequest } from "express-session";
import { createClient } from "redis";
import { type RunningServer, startServer } from "../../index.ts";

/** Sessions of a web server: express-session's own middleware, in front of a counter of visits. */
let server: RunningServer;
let web: Server;
let address: string;
let client: ReturnType<typeof createClient>;
let store: RedisStore;

beforeAll(async () => {
  server = await startServer({ port: 0, memory: true });
  client = createClient({ socket: { port: server.port } });
  client.on("error", () => {});
  await client.connect();
  store = new RedisStore({ client, prefix: "visits:" });
  const withSession = session({
    store,
    secret: "of this test",
    resave: false,
    saveUninitialized: false,
    cookie: { maxAge: 600_000 },
  });
  web = createServer((request, response) => {
    withSession(request, response, () => {
      const { session } = request as SessionRequest;
      if (request.url === "/leave") {
        session.destroy(() => response.end("left"));
        return;
      }
      const visits = Number(session["visits"] ?? 0) + 1;
      session["visits"] = visits;
      response.end(`${visits}`);
    });
  });
  await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
  address = `http://127.0.0.1:${(web.address() as { port: number }).port}`;
});
afterAll(async () => {
  web.close();
  client.destroy();
  await server.close();
});

async function visit(path: string, cookie = ""): Promise<{ text: string; cookie: string }> {
  const response = await fetch(address + path, { headers: { cookie } });
  return { text: await response.text(), cookie: response.headers.get("set-cookie")?.split(";")[0] ?? cookie };
}

test("a visitor's session is kept between requests, separate from other visitors', and ends at the logout", async () => {
  const first = await visit("/");
  expect(first.text).toBe("1");
  expect((await visit("/", first.cookie)).text).toBe("2");
  expect((await visit("/")).text).toBe("1");
  expect((await visit("/", first.cookie)).text).toBe("3");
  expect(await store.length()).toBe(2);
  expect((await visit("/leave", first.cookie)).text).toBe("left");
  expect(await store.length()).toBe(1);
  expect((await visit("/", first.cookie)).text).toBe("1");
});

test("a session expires, each visit renews it, and sessions can be listed and cleared", async () => {
  await store.clear();
  const { cookie } = await visit("/");
  const [id] = (await store.ids()) as [string];
  expect(await client.ttl(`visits:${id}`)).toBeGreaterThan(500);
  await client.expire(`visits:${id}`, 100);
  await visit("/", cookie);
  expect(await client.ttl(`visits:${id}`)).toBeGreaterThan(500);
  expect(await store.all()).toMatchObject([{ id, visits: 2 }]);
  await store.clear();
  expect(await store.ids()).toEqual([]);
});
