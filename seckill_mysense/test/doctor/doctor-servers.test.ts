import { describe, expect, test } from "bun:test";
import { SQL } from "bun";
import { Connection } from "rabbitmq-client";
import { freshMysqlDatabase, freshRabbitmqVhost } from "../../../tools/test-services/index.ts";
import { neededGrants } from "../../src/doctor/needed-grants.ts";
import { testSecret } from "../fakes/test-gateway.ts";
import { documentedGrants } from "../faults/documented-grants.ts";
import { programServices } from "../roles/program-services.ts";
import { configFolder, runProgram } from "../roles/program.ts";
import { diagnose, linesOf } from "./doctor.ts";

const { missing, reason } = programServices;
const timeoutMs = 120_000;
const backend = { api_secret: testSecret };

test("the rights that the doctor looks for are those of docs/sale.md", () => {
  const documented = documentedGrants("seckill").map((statement) =>
    statement
      .replaceAll(/--.*\n/g, "")
      .replaceAll(/\s+/g, " ")
      .trim(),
  );
  const known = neededGrants.map(({ rights, table, roles, columns }) => {
    const columnList = columns === undefined ? "" : ` (${columns.join(", ")})`;
    return `GRANT ${rights.join(", ")}${columnList} ON seckill.${table} TO ${roles.join(", ")}`;
  });
  expect(known).toEqual(documented);
});

describe.skipIf(missing)(`seckill doctor beside real servers${reason}`, () => {
  test(
    "names a wrong password, a missing database, tables, a missing right and a small pool of MySQL",
    async () => {
      const db = await freshMysqlDatabase({ dedicated: true, args: ["--innodb-flush-log-at-trx-commit=2"] });
      const { host, port, database } = db;
      const place = { host, port, user_name: db.user, pass_word: db.password, db_name: database };
      const check = async (mysql: object, ...more: string[]) => {
        const { configFile } = configFolder({ backend, mysql: { ...place, ...mysql } });
        const diagnosis = await diagnose(configFile, ...more);
        const ofMysql = (...levels: ("warning" | "problem")[]): string[] =>
          linesOf(diagnosis, ...levels).filter((line) => line.startsWith("MySQL: "));
        return { warnings: ofMysql("warning"), problems: ofMysql("problem") };
      };
      expect(await check({ migrate: false })).toMatchObject({
        problems: [expect.stringContaining("the ledger has no tables that this user can read")],
      });
      expect(await check({ db_name: "nowhere" })).toMatchObject({
        problems: ['MySQL: there is no database mysql.db_name "nowhere" that this user sees'],
      });
      const asOperator = configFolder({ backend, mysql: place }).configFile;
      expect((await runProgram(["migrate", "--config", asOperator])).code).toBe(0);
      expect(await check({})).toEqual({
        warnings: [expect.stringContaining("the ledger may lose orders: innodb_flush_log_at_trx_commit is 2")],
        problems: [],
      });

      await using admin = new SQL(db.url, { max: 1 });
      for (const role of ["gateway", "relay", "consumer", "sweeper", "admin", "quantity"]) {
        await admin.unsafe(`CREATE USER ${role} IDENTIFIED BY 'of-a-role'`);
      }
      for (const grant of documentedGrants(database)) await admin.unsafe(grant);
      const asConsumer = { user_name: "consumer", pass_word: "of-a-role", migrate: false };
      expect((await check({ ...asConsumer, pass_word: "wrong" }, "--role", "consumer")).problems).toEqual([
        expect.stringContaining('refuses mysql.user_name "consumer" with mysql.pass_word: Access denied'),
      ]);
      expect((await check(asConsumer, "--role", "consumer")).problems).toEqual([]);
      await admin.unsafe(`REVOKE INSERT ON ${database}.orders FROM consumer`);
      await admin.unsafe(`REVOKE UPDATE (pay_before_ms) ON ${database}.orders FROM consumer`);
      expect((await check(asConsumer, "--role", "consumer")).problems).toEqual([
        `MySQL: mysql.user_name "consumer" lacks INSERT ON ${database}.orders; UPDATE (pay_before_ms) ON ${database}.orders`,
      ]);

      await admin.unsafe("SET GLOBAL max_connections = 10");
      expect((await check({ pool_size: 50 })).problems).toEqual([
        "MySQL: mysql.pool_size is 50, but max_connections of the server is 10",
      ]);
      await admin.unsafe("SET GLOBAL read_only = 1");
      expect((await check({ pool_size: 2 })).problems).toEqual(["MySQL: the server is read only"]);
      await db.drop();
    },
    timeoutMs,
  );

  test(
    "names a wrong password, a missing permission and a queue of another kind at RabbitMQ, and leaves nothing behind",
    async () => {
      const broker = await freshRabbitmqVhost({ dedicated: true });
      const { server } = broker;
      const check = async (url: string): Promise<string[]> => {
        const redis = { url: "redis://127.0.0.1:1" };
        const { configFile } = configFolder({ backend, redis, rabbitmq: { url, queue_name: "sale" } });
        return linesOf(await diagnose(configFile), "problem", "ok").filter((line) => line.startsWith("RabbitMQ: "));
      };
      expect(await check(broker.url)).toEqual([
        expect.stringMatching(/^RabbitMQ: RabbitMQ \d+\.\d+/),
        "RabbitMQ: the user may configure, write and read queues of this name",
        "RabbitMQ: there is no queue sale.v2 yet; the first relay or consumer makes it",
      ]);
      expect((await server.control("list_queues", "name")).trim()).not.toContain("sale");

      const url = new URL(broker.url);
      url.password = "wrong";
      expect((await check(url.href)).at(-1)).toContain('the broker refused the user "guest" or its password');
      await server.control("add_user", "reader", "secret-of-reader");
      await server.control("set_permissions", "reader", "^sale", "^$", "^sale");
      url.username = "reader";
      url.password = "secret-of-reader";
      expect((await check(url.href)).at(-1)).toContain('the user "reader" lacks a permission at the broker');
      await server.control("set_permissions", "reader", "^sale", "^(amq\\.default|sale.*)$", "^sale");
      expect((await check(url.href)).at(-1)).toContain("there is no queue sale.v2 yet");

      const connection = new Connection(broker.url);
      const channel = await connection.acquire();
      await channel.queueDeclare({ queue: "sale.v2", durable: true });
      expect((await check(broker.url)).at(-1)).toContain("sale.v2: the queue exists with other arguments");
      await channel.close();
      await connection.close();
      await broker.drop();
      expect(await check(broker.url)).toEqual([expect.stringMatching(/cannot be reached: .*ECONNREFUSED/)]);
    },
    timeoutMs,
  );
});
