import { describe, expect, test } from "bun:test";
import { SQL } from "bun";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { freshMysqlDatabase, requireService } from "../../../tools/test-services/index.ts";
import { MysqlConnection } from "../../src/ledger/database/mysql-connection.ts";
import { mysqlLedger } from "../../src/ledger/mysql-ledger.ts";

const mariadb = requireService("mariadb");
const timeoutMs = 60_000;

/** What docs/sale.md says that the user of `seckill migrate` needs. */
function rightsOfMigrate(): string {
  const page = readFileSync(join(import.meta.dir, "../../../docs/sale.md"), "utf8");
  const [, list] = /`seckill migrate` needs (.+?) on the database/s.exec(page) ?? [];
  return [...list!.matchAll(/`([A-Z]+)`/g)].map(([, right]) => right).join(", ");
}

describe.skipIf(mariadb.missing)(`a server of MySQL${mariadb.reason}`, () => {
  test(
    "lets a user migrate who has no more rights than the documentation says",
    async () => {
      const mysql = await freshMysqlDatabase();
      await using admin = new SQL(mysql.url, { max: 1 });
      const user = `m_${mysql.database}`;
      await admin.unsafe(`CREATE USER ${user} IDENTIFIED BY 'pass-word-of-migrate'`);
      await admin.unsafe(`GRANT ${rightsOfMigrate()} ON ${mysql.database}.* TO ${user}`);
      const ledger = mysqlLedger({ ...mysql, user, password: "pass-word-of-migrate" });
      await ledger.migrate();
      await ledger.checkSchema();
      await ledger.close();
      await admin.unsafe(`DROP USER ${user}`);
      await mysql.drop();
    },
    timeoutMs,
  );

  test(
    "keeps its clock in UTC for the ledger, whatever its own time zone is",
    async () => {
      const mysql = await freshMysqlDatabase();
      const limits = { connectTimeoutMs: 10_000, queryTimeoutMs: 10_000, lockWaitTimeoutMs: 1_000 };
      const connection = await MysqlConnection.open(mysql, limits);
      expect(await connection.run("select @@session.time_zone as zone")).toEqual([{ zone: "+00:00" }]);
      connection.end();
      await mysql.drop();
    },
    timeoutMs,
  );

  test(
    "may lose commits without a synced binary log, if it has one",
    async () => {
      const mysql = await freshMysqlDatabase({ dedicated: true, args: ["--log-bin", "--sync-binlog=0"] });
      const ledger = mysqlLedger(mysql);
      expect(await ledger.durabilityRisk()).toBe(
        'sync_binlog is 0, and the server has a binary log: a power failure loses orders whose buyers were told "won"; it must be 1',
      );
      await using admin = new SQL(mysql.url, { max: 1 });
      await admin.unsafe("SET GLOBAL sync_binlog = 1");
      expect(await ledger.durabilityRisk()).toBeUndefined();
      await admin.unsafe("SET GLOBAL innodb_flush_log_at_trx_commit = 2");
      expect(await ledger.durabilityRisk()).toContain("innodb_flush_log_at_trx_commit is 2");
      await ledger.close();
      await mysql.drop();
    },
    timeoutMs,
  );
});
