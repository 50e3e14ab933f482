import { afterAll, beforeAll, expect, test } from "bun:test";
import { Redis } from "ioredis";
import Redlock from "redlock";
import { type RunningServer, startServer } from "../../index.ts";

/** Locks over three servers that know nothing of each other, as redlock wants them. */
const servers: RunningServer[] = [];
const clients: Redis[] = [];

beforeAll(async () => {
  for (let i = 0; i < 3; i++) {
    const server = await startServer({ port: 0, memory: true });
    servers.push(server);
    const client = new Redis(server.port, { retryStrategy: () => 20, maxRetriesPerRequest: 1 });
    client.on("error", () => {});
    clients.push(client);
  }
});
afterAll(async () => {
  for (const client of clients) client.disconnect();
  for (const server of servers) await server.close();
});

/** What a promise is rejected with; redlock's promises are not the runtime's own. */
const refusalOf = (promise: PromiseLike<unknown>): Promise<unknown> =>
  Promise.resolve(promise).then(
    () => undefined,
    (error: unknown) => error,
  );

test("only one holds a lock; it can be prolonged, and is free again after it was given back", async () => {
  const redlock = new Redlock(clients, { retryCount: 0 });
  const lock = await redlock.lock("locks:one", 60_000);
  expect(await refusalOf(redlock.lock("locks:one", 60_000))).toBeInstanceOf(Redlock.LockError);
  const longer = await lock.extend(120_000);
  expect(await clients[0]?.pttl("locks:one")).toBeGreaterThan(60_000);
  await longer.unlock();
  const next = await redlock.lock("locks:one", 60_000);
  // What somebody else holds is not given back with an old lock's value.
  await refusalOf(lock.unlock());
  expect(await clients[0]?.get("locks:one")).toBe(next.value);
  await next.unlock();
});

test("a lock whose time is over can be taken by another, and its first holder cannot prolong it", async () => {
  const redlock = new Redlock(clients, { retryCount: 200, retryDelay: 10 });
  const lock = await redlock.lock("locks:brief", 50);
  const next = await redlock.lock("locks:brief", 60_000);
  expect(await refusalOf(lock.extend(1000))).toBeInstanceOf(Redlock.LockError);
  await next.unlock();
});

test("increments of many clients under a lock lose nothing", async () => {
  const redlock = new Redlock(clients, { retryCount: 5000, retryDelay: 2, retryJitter: 4 });
  const [first] = clients as [Redis];
  await Promise.all(
    Array.from({ length: 20 }, async () => {
      const lock = await redlock.lock("locks:counter", 60_000);
      const before = Number((await first.get("counter")) ?? 0);
      await Bun.sleep(1);
      await first.set("counter", before + 1);
      await lock.unlock();
    }),
  );
  expect(await first.get("counter")).toBe("20");
}, 60_000);

test("a majority of the servers is enough", async () => {
  await servers[2]?.close();
  const redlock = new Redlock(clients, { retryCount: 10, retryDelay: 20 });
  const lock = await redlock.lock("locks:majority", 60_000);
  expect(await refusalOf(redlock.lock("locks:majority", 60_000))).toBeInstanceOf(Redlock.LockError);
  await lock.unlock();
}, 60_000);
