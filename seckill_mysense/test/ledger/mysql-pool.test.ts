import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  freshMysqlDatabase,
  requireService,
  waitUntil,
  type MysqlDatabase,
} from "../../../tools/test-services/index.ts";
import { MysqlPool, type MysqlLimits } from "../../src/ledger/database/mysql-pool.ts";
import { defaultMysqlLimits } from "../../src/ledger/mysql-ledger.ts";

const mariadb = requireService("mariadb");

describe.skipIf(mariadb.missing)(`the pool of MySQL connections${mariadb.reason}`, () => {
  let place: MysqlDatabase;
  beforeAll(async () => {
    place = await freshMysqlDatabase();
  }, 60_000);
  afterAll(() => place?.drop());

  const withPool = async (limits: Partial<MysqlLimits>, work: (pool: MysqlPool) => Promise<void>): Promise<void> => {
    const { host, port, user, password, database } = place;
    const pool = new MysqlPool({ host, port, user, password, database }, { ...defaultMysqlLimits, ...limits });
    try {
      await work(pool);
    } finally {
      await pool.close(0);
    }
  };

  test("gives a connection that came back to the next one", () =>
    withPool({ poolSize: 2 }, async (pool) => {
      const first = await pool.acquire();
      pool.release(first);
      expect(await pool.acquire()).toBe(first);
    }));

  test("opens no more than its size, and serves waiting work in its order", () =>
    withPool({ poolSize: 1 }, async (pool) => {
      const only = await pool.acquire();
      const order: string[] = [];
      const waiting = ["one", "two", "three"].map(async (name) => {
        const connection = await pool.acquire();
        expect(connection).toBe(only);
        order.push(name);
        pool.release(connection);
      });
      pool.release(only);
      await Promise.all(waiting);
      expect(order).toEqual(["one", "two", "three"]);
    }));

  test("replaces a connection that broke, also for waiting work", () =>
    withPool({ poolSize: 1 }, async (pool) => {
      const broken = await pool.acquire();
      const waiting = pool.acquire();
      broken.destroy();
      pool.release(broken);
      const fresh = await waiting;
      expect(fresh).not.toBe(broken);
      expect(await fresh.run("select 1 as one")).toEqual([{ one: 1 }]);
    }));

  test("throws away a connection that broke while it was idle", () =>
    withPool({ poolSize: 1 }, async (pool) => {
      const idle = await pool.acquire();
      pool.release(idle);
      idle.destroy();
      expect(await (await pool.acquire()).run("select 1 as one")).toEqual([{ one: 1 }]);
    }));

  test("cuts a connection that broke as soon as it is given back, since the server keeps its locks until then", () =>
    withPool({ poolSize: 2 }, async (pool) => {
      const [broken, watching] = await Promise.all([pool.acquire(), pool.acquire()]);
      const [{ id }] = (await broken.run("select connection_id() as id")) as [{ id: number }];
      broken.broken = true;
      pool.release(broken);
      const isGone = async (): Promise<boolean> => {
        const found = await watching.run("select 1 from information_schema.processlist where id = ?", [id]);
        return (found as unknown[]).length === 0;
      };
      await waitUntil(isGone, { what: "the server to lose the connection", timeoutMs: 5_000 });
    }));

  test("bounds how long work waits for a connection, and how much of it", () =>
    withPool({ poolSize: 1, maxWaiting: 1, acquireTimeoutMs: 500 }, async (pool) => {
      await pool.acquire();
      const first = pool.acquire();
      await expect(pool.acquire()).rejects.toThrow("1 statements wait for one of 1 connections already");
      await expect(first).rejects.toThrow("none of 1 connections became free in 500 ms");
    }));

  test("a connection that cannot be opened fails every acquire that waits for it", async () => {
    const { host, user, password } = place;
    const pool = new MysqlPool({ host, port: 1, user, password }, { ...defaultMysqlLimits, poolSize: 1 });
    const asking = await Promise.allSettled([pool.acquire(), pool.acquire(), pool.acquire()]);
    for (const one of asking) expect(one).toMatchObject({ status: "rejected", reason: { code: "ECONNREFUSED" } });
    await pool.close(0);
  });

  test("closing fails waiting work, and cuts off work that still runs after the grace", () =>
    withPool({ poolSize: 1 }, async (pool) => {
      const running = (await pool.acquire()).run("select sleep(60)");
      const waiting = pool.acquire();
      const closing = pool.close(20);
      await expect(waiting).rejects.toThrow("the ledger is closed");
      await expect(running).rejects.toThrow();
      await closing;
      await expect(pool.acquire()).rejects.toThrow("the ledger is closed");
    }));
});
