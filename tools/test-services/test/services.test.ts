import { RedisClient, SQL } from "bun";
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { freshMysqlDatabase, freshRabbitmqVhost, requireService, startRedisServer } from "../index.ts";

const startTimeoutMs = 90_000;
const redis = requireService("redis");
const mariadb = requireService("mariadb");
const rabbitmq = requireService("rabbitmq");

describe.skipIf(redis.missing)(`startRedisServer${redis.reason}`, () => {
  test("keeps its files and its port over a kill and a restart, and removes them when stopped", async () => {
    const server = await startRedisServer({ args: ["--appendonly", "yes", "--appendfsync", "always"] });
    await withRedis(server.url, (client) => client.set("key", "value"));
    const firstPid = server.pid;
    await server.kill("SIGKILL");
    await server.restart();
    expect(server.pid).not.toBe(firstPid);
    expect(await withRedis(server.url, (client) => client.get("key"))).toBe("value");
    await server.stop();
    expect(existsSync(server.dataDir)).toBe(false);
  });

  test("says what redis-server did not like", async () => {
    await expect(startRedisServer({ args: ["--no-such-directive", "1"] })).rejects.toThrow(/no-such-directive/);
  });
});

describe.skipIf(mariadb.missing)(`freshMysqlDatabase${mariadb.reason}`, () => {
  test(
    "gives each caller an empty database on one server",
    async () => {
      const [first, second] = [await freshMysqlDatabase(), await freshMysqlDatabase()];
      expect(first.port).toBe(second.port);
      await withSql(first.url, (sql) => sql.unsafe("CREATE TABLE places (name VARCHAR(20))"));
      expect(await withSql(second.url, (sql) => sql.unsafe("SHOW TABLES"))).toHaveLength(0);
      await first.drop();
      await expect(withSql(first.url, (sql) => sql.unsafe("SHOW TABLES"))).rejects.toThrow(/Unknown database/);
      await second.drop();
    },
    startTimeoutMs,
  );

  test(
    "a dedicated server keeps what was committed over a kill and a restart",
    async () => {
      const own = await freshMysqlDatabase({ dedicated: true });
      await withSql(own.url, async (sql) => {
        await sql.unsafe("CREATE TABLE places (name VARCHAR(20)) ENGINE=InnoDB");
        await sql.unsafe("INSERT INTO places VALUES ('Łódź')");
      });
      await own.server.kill("SIGKILL");
      await own.server.restart();
      const rows = await withSql(own.url, (sql) => sql.unsafe<object[]>("SELECT name FROM places"));
      expect([...rows]).toEqual([{ name: "Łódź" }]);
      await own.drop();
      expect(existsSync(own.server.dataDir)).toBe(false);
    },
    startTimeoutMs,
  );
});

describe.skipIf(rabbitmq.missing)(`freshRabbitmqVhost${rabbitmq.reason}`, () => {
  test(
    "gives each caller a virtual host on one broker",
    async () => {
      const [first, second] = [await freshRabbitmqVhost(), await freshRabbitmqVhost()];
      expect(new URL(first.url).host).toBe(new URL(second.url).host);
      expect(first.vhost).not.toBe(second.vhost);
      await greet(first.url);
      await Promise.all([first.drop(), second.drop()]);
    },
    startTimeoutMs,
  );

  test(
    "a dedicated broker can be killed and restarted, and commands reach it",
    async () => {
      const own = await freshRabbitmqVhost({ dedicated: true });
      await own.server.control("add_vhost", "kept");
      await own.server.kill("SIGKILL");
      await expect(greet(own.url)).rejects.toThrow();
      await own.server.restart();
      expect(await own.server.control("list_vhosts")).toContain("kept");
      await greet(own.url);
      await own.drop();
    },
    startTimeoutMs,
  );
});

async function withRedis<T>(url: string, use: (client: RedisClient) => Promise<T>): Promise<T> {
  const client = new RedisClient(url, { autoReconnect: false });
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

async function withSql<T>(url: string, use: (sql: SQL) => Promise<T>): Promise<T> {
  await using sql = new SQL(url, { max: 1 });
  return await use(sql);
}

/** Opens an AMQP connection as far as the broker's greeting, the Start method. */
function greet(url: string): Promise<void> {
  const { hostname: host, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port) }, () => socket.write("AMQP\0\0\x09\x01"));
    socket.once("data", () => resolve(socket.destroy() as unknown as void));
    socket.once("error", reject);
  });
}
