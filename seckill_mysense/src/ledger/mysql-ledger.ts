import { openMysqlDatabase, type DatabasePlace } from "./database/mysql-database.ts";
import type { MysqlLimits } from "./database/mysql-pool.ts";
import type { Ledger } from "./ledger.ts";
import { sqlLedger, type SqlLedgerOptions } from "./sql/sql-ledger.ts";

export interface MysqlLedgerOptions extends Omit<DatabasePlace, "port">, Partial<MysqlLimits>, SqlLedgerOptions {
  /** 3306 when not given. */
  readonly port?: number;
}

export const defaultMysqlLimits: MysqlLimits = {
  poolSize: 8,
  maxWaiting: 10_000,
  acquireTimeoutMs: 5_000,
  connectTimeoutMs: 5_000,
  queryTimeoutMs: 10_000,
  lockWaitTimeoutMs: 5_000,
};

/**
 * A ledger on MySQL 8 or MariaDB. Connects with the first call; `migrate` creates the database if the user may do so.
 * The server decides how durable a commit is: innodb_flush_log_at_trx_commit must be 1, its default.
 */
export function mysqlLedger(options: MysqlLedgerOptions): Ledger {
  const { host, port = 3306, user, password, database, tls } = options;
  const limits: MysqlLimits = {
    poolSize: options.poolSize ?? defaultMysqlLimits.poolSize,
    maxWaiting: options.maxWaiting ?? defaultMysqlLimits.maxWaiting,
    acquireTimeoutMs: options.acquireTimeoutMs ?? defaultMysqlLimits.acquireTimeoutMs,
    connectTimeoutMs: options.connectTimeoutMs ?? defaultMysqlLimits.connectTimeoutMs,
    queryTimeoutMs: options.queryTimeoutMs ?? defaultMysqlLimits.queryTimeoutMs,
    lockWaitTimeoutMs: options.lockWaitTimeoutMs ?? defaultMysqlLimits.lockWaitTimeoutMs,
  };
  return sqlLedger(openMysqlDatabase({ host, port, user, password, database, tls }, limits), options);
}
