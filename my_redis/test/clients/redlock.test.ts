import { afterAll, beforeAll, expect, test } from "bun:test";
import { Redis } from "ioredis";
import Redlock from "redlock";
import { type RunningServer, startServer } from "../../index.ts";

/** Locks over three independent servers, as redlock requires. */
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

/** The error with which a promise is rejected. redlock's promises are not native ones, hence PromiseLike. */
const refusalOf = (promise: PromiseLike<unknown>): Promise<unknown> =>
  Promise.resolve(promise).then(
    () => undefined,
    (error: unknown) => error,
  );

test("only one client holds a lock; it can be extended, and is free after its release", async () => {
  const redlock = new Redlock(clients, { retryCount: 0 });
  const lock = await redlock.lock("locks:one", 60_000);
  expect(await refusalOf(redlock.lock("locks:one", 60_000))).toBeInstanceOf(Redlock.LockError);
  const longer = await lock.extend(120_000);
  expect(await clients[0]?.pttl("locks:one")).toBeGreaterThan(60_000);
  await longer.unlock();
  const next = await redlock.lock("locks:one", 60_000);
  // An old lock's value cannot release a lock that now has another holder.
  await refusalOf(lock.unlock());
  expect(await clients[0]?.get("locks:one")).toBe(next.value);
  await next.unlock();
});

test("an expired lock can be acquired by another client, and its first holder cannot extend it", async () => {
  const redlock = new Redlock(clients, { retryCount: 200, retryDelay: 10 });
  const lock = await redlock.lock("locks:brief", 50);
  const next = await redlock.lock("locks:brief", 60_000);
  expect(await refusalOf(lock.extend(1000))).toBeInstanceOf(Redlock.LockError);
  await next.unlock();
});

test("no increment is lost when many clients increment under a lock", async () => {
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
