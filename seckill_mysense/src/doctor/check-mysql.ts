import { readFileSync } from "node:fs";
import { MysqlConnection } from "../ledger/database/mysql-connection.ts";
import { openLedger } from "../roles/system-parts.ts";
import type { Role } from "../roles/task.ts";
import type { Settings } from "../settings/settings.ts";
import { checkGrants, type AskMysql } from "./check-mysql-grants.ts";
import { checkClock, type Clocks } from "./clocks.ts";
import { type Finding, Findings } from "./finding.ts";

const limits = { connectTimeoutMs: 5_000, queryTimeoutMs: 10_000, lockWaitTimeoutMs: 5_000 };
/** The oldest that have what the ledger uses: docs/sale.md, "MySQL and MariaDB". */
const oldest = { MySQL: [8, 0, 16], MariaDB: [10, 6, 0] } as const;

/** Looks at the ledger's server. It changes nothing there. */
export async function checkMysql(role: Role, settings: Settings, clocks: Clocks): Promise<Finding[]> {
  const findings = new Findings("MySQL");
  const { mysql } = settings;
  const place = `${mysql.host}:${mysql.port}`;
  let connection: MysqlConnection;
  try {
    const { host, port, user_name: user, pass_word: password } = mysql;
    const ca = mysql.tls_ca_file === "" ? undefined : readFileSync(mysql.tls_ca_file, "utf8");
    connection = await MysqlConnection.open({ host, port, user, password, ...(mysql.tls && { tls: { ca } }) }, limits);
  } catch (error) {
    describeLogin(findings, error, { place, user: mysql.user_name });
    return findings.all;
  }
  try {
    findings.ok(`${place} takes the login of mysql.user_name ${JSON.stringify(mysql.user_name)}`);
    const ask: AskMysql = async (statement) => (await connection.run(statement, [])) as Record<string, unknown>[];
    await checkServer(ask, findings);
    await checkClock(findings, () => timeOf(ask), { clocks, settings });
    await checkConnections(ask, findings, settings);
    if (await checkDatabase(ask, findings, settings)) {
      await checkTables(findings, settings, clocks);
      await checkGrants(ask, findings, role, settings);
    }
  } catch (error) {
    findings.problem(`a question to ${place} failed: ${(error as Error).message}`, {
      why: "what was not looked at may be wrong",
      remedy: "look into the log of the server, and run seckill doctor again",
    });
  } finally {
    connection.destroy();
  }
  return findings.all;
}

function describeLogin(
  findings: Findings,
  error: unknown,
  { place, user }: { readonly place: string; readonly user: string },
): void {
  const { code = "", errno, message } = error as NodeJS.ErrnoException;
  if (code === "ER_ACCESS_DENIED_ERROR" || errno === 1045) {
    return findings.problem(
      `${place} refuses mysql.user_name ${JSON.stringify(user)} with mysql.pass_word: ${message}`,
      {
        why: "without its ledger nothing starts",
        remedy:
          "correct mysql.pass_word (or SECKILL_MYSQL_PASS_WORD), or create the user for this host with CREATE USER",
      },
    );
  }
  if (/certificate|self.signed|TLS|SSL/i.test(message)) {
    return findings.problem(`no trusted connection to mysql.host ${place}: ${message}`, {
      why: "the program gives its password only to a server whose certificate it can check",
      remedy: "name the authority of the certificate in mysql.tls_ca_file, and a mysql.host that the certificate names",
    });
  }
  findings.problem(`mysql.host ${place} cannot be reached: ${message}`, {
    why: "without its ledger nothing starts",
    remedy: "start the server, correct mysql.host and mysql.port, or open the way to it in the firewall",
  });
}

async function checkServer(ask: AskMysql, findings: Findings): Promise<void> {
  const [row] = await ask("SELECT VERSION() AS version, @@global.read_only AS read_only");
  const version = String(row?.["version"]);
  const kind = version.includes("MariaDB") ? "MariaDB" : "MySQL";
  const numbers = (/\d+\.\d+\.\d+/.exec(version)?.[0] ?? "0.0.0").split(".").map(Number);
  const least = oldest[kind];
  const differing = least.findIndex((number, index) => number !== numbers[index]);
  if (differing >= 0 && (numbers[differing] ?? 0) < least[differing]!) {
    findings.problem(`${kind} ${version} is older than ${least.join(".")}`, {
      why: "the ledger relies on SKIP LOCKED and on CHECK",
      remedy: `use ${kind} ${least.join(".")} or later`,
    });
  } else findings.ok(`${kind} ${version}`);
  if (Number(row?.["read_only"]) !== 0) {
    findings.problem("the server is read only", {
      why: "orders cannot be recorded there",
      remedy: "name the primary in mysql.host, and not one of its replicas",
    });
  }
}

async function timeOf(ask: AskMysql): Promise<number> {
  const [row] = await ask("SELECT UNIX_TIMESTAMP(NOW(6)) * 1000 AS now_ms");
  return Number(row?.["now_ms"]);
}

async function checkConnections(ask: AskMysql, findings: Findings, { mysql }: Settings): Promise<void> {
  const [row] = await ask("SELECT @@global.max_connections AS most");
  const most = Number(row?.["most"]);
  if (mysql.pool_size < most)
    return findings.ok(`max_connections is ${most}; each process opens up to ${mysql.pool_size}`);
  findings.problem(`mysql.pool_size is ${mysql.pool_size}, but max_connections of the server is ${most}`, {
    why: "a process that opens its whole pool shuts all others out",
    remedy: "set max_connections of the server above mysql.pool_size times the number of processes",
  });
}

async function checkDatabase(ask: AskMysql, findings: Findings, { mysql }: Settings): Promise<boolean> {
  const rows = await ask(`SELECT schema_name FROM information_schema.schemata WHERE schema_name = '${mysql.db_name}'`);
  if (rows.length > 0) return true;
  findings.problem(`there is no database mysql.db_name ${JSON.stringify(mysql.db_name)} that this user sees`, {
    why: "the ledger is there",
    remedy: `run CREATE DATABASE ${mysql.db_name} and the GRANTs of docs/sale.md as an administrator, then seckill migrate`,
  });
  return false;
}

async function checkTables(findings: Findings, settings: Settings, { now }: Clocks): Promise<void> {
  const ledger = openLedger(settings, now);
  try {
    await ledger.checkSchema();
    findings.ok("the ledger's tables are those of this version");
    const risk = await ledger.durabilityRisk();
    if (risk === undefined) findings.ok("a commit is on the disk when the server confirms it");
    else {
      findings.warning(`the ledger may lose orders: ${risk}`, {
        why: "buyers have been told that these orders are theirs",
        remedy: "set innodb_flush_log_at_trx_commit=1, and sync_binlog=1 where there is a binary log",
      });
    }
  } catch (error) {
    const message = (error as Error).message;
    const why = "the program refuses to start on tables that it does not know";
    const remedy = "run seckill migrate as a user who may change tables";
    if (settings.mysql.migrate)
      findings.warning(`${message}; the next start changes them, since mysql.migrate is true`, { why, remedy });
    else findings.problem(message, { why, remedy });
  } finally {
    await ledger.close();
  }
}
