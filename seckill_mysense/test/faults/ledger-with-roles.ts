import { SQL } from "bun";
import { freshMysqlDatabase } from "../../../tools/test-services/index.ts";
import { mysqlLedger } from "../../src/ledger/mysql-ledger.ts";
import { documentedGrants } from "./documented-grants.ts";

const password = "pass-word-of-a-role";
const roles = ["gateway", "relay", "consumer", "sweeper", "admin", "quantity"] as const;

/** A ledger on MariaDB, with a user for each role that has the rights of docs/sale.md and no others. */
export async function openWithRoles() {
  const mysql = await freshMysqlDatabase({ dedicated: true });
  const { host, port, user, database } = mysql;
  const place = { host, port, database };
  const ledger = mysqlLedger({ ...place, user, password: mysql.password });
  await ledger.migrate();
  const admin = new SQL(mysql.url, { max: 1 });
  for (const role of roles) await admin.unsafe(`CREATE USER ${role} IDENTIFIED BY '${password}'`);
  for (const grant of documentedGrants(database)) await admin.unsafe(grant);
  return {
    ledger,
    as: (role: (typeof roles)[number]) => mysqlLedger({ ...place, user: role, password }),
    grant: (statements: readonly string[]) => Promise.all(statements.map((statement) => admin.unsafe(statement))),
    database,
    async [Symbol.asyncDispose]() {
      await ledger.close();
      await admin.close();
      await mysql.drop();
    },
  };
}
