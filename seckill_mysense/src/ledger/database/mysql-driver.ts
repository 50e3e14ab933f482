import type { Driver, TransactionSettings } from "kysely";
import type { MysqlConnection } from "./mysql-connection.ts";
import type { MysqlPool } from "./mysql-pool.ts";

const closeGraceMs = 2_000;

/** Kysely's driver for MySQL. */
export class MysqlDriver implements Driver {
  readonly #pool: MysqlPool;

  constructor(pool: MysqlPool) {
    this.#pool = pool;
  }

  async init(): Promise<void> {}

  acquireConnection(): Promise<MysqlConnection> {
    return this.#pool.acquire();
  }

  async releaseConnection(connection: MysqlConnection): Promise<void> {
    this.#pool.release(connection);
  }

  async beginTransaction(
    connection: MysqlConnection,
    { accessMode, isolationLevel }: TransactionSettings,
  ): Promise<void> {
    if (isolationLevel !== undefined) await connection.run(`set transaction isolation level ${isolationLevel}`);
    await connection.run(accessMode === "read only" ? "start transaction read only" : "start transaction");
  }

  async commitTransaction(connection: MysqlConnection): Promise<void> {
    await connection.run("commit");
  }

  /** Never throws: closing the connection rolls back as well, and the error that led here is the one to report. */
  async rollbackTransaction(connection: MysqlConnection): Promise<void> {
    if (connection.broken) return;
    await connection.run("rollback").catch(() => {
      connection.broken = true;
    });
  }

  destroy(): Promise<void> {
    return this.#pool.close(closeGraceMs);
  }
}
