import type { CompiledQuery, DatabaseConnection, Driver, QueryResult, TransactionSettings } from "kysely";
import { createPool, type Pool, type PoolConnection, type ResultSetHeader } from "mysql2";
import { isConnectionLost } from "./mysql-failure.ts";

export interface MysqlPlace {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

export interface MysqlLimits {
  /** Connections at most; more work waits for one of them. */
  readonly poolSize: number;
  /** Work that may wait for a connection; what comes on top fails at once. */
  readonly maxWaiting: number;
  readonly connectTimeoutMs: number;
  /** A statement without any answer for so long loses its connection: a frozen server must not hold us. */
  readonly queryTimeoutMs: number;
  /** MySQL counts it in whole seconds. */
  readonly lockWaitTimeoutMs: number;
}

const closeTimeoutMs = 2_000;

/**
 * Kysely's driver over mysql2's pool. Beyond Kysely's own it sets up each session, gives every statement a time limit,
 * and closes a connection whose state is unknown in place of handing it to the next user.
 */
export class MysqlDriver implements Driver {
  readonly #pool: Pool;
  readonly #limits: MysqlLimits;
  readonly #connections = new Map<PoolConnection, MysqlConnection>();

  constructor({ host, port, user, password, database }: MysqlPlace, limits: MysqlLimits) {
    this.#limits = limits;
    this.#pool = createPool({
      host,
      port,
      user,
      password,
      database,
      charset: "utf8mb4",
      connectionLimit: limits.poolSize,
      queueLimit: limits.maxWaiting,
      connectTimeout: limits.connectTimeoutMs,
      enableKeepAlive: true,
    });
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<MysqlConnection> {
    const raw = await this.#fromPool();
    const known = this.#connections.get(raw);
    if (known !== undefined) return known;
    const connection = new MysqlConnection(raw, this.#limits.queryTimeoutMs);
    this.#connections.set(raw, connection);
    // The pool listens for the first error only; a second one on a dying connection would end the process.
    for (const event of ["error", "end"]) raw.on(event, () => this.#connections.delete(raw));
    try {
      await this.#setUpSession(connection);
    } catch (error) {
      this.#discard(connection);
      throw error;
    }
    return connection;
  }

  async releaseConnection(connection: MysqlConnection): Promise<void> {
    if (connection.broken) this.#discard(connection);
    else connection.raw.release();
  }

  async beginTransaction(connection: MysqlConnection, { accessMode, isolationLevel }: TransactionSettings): Promise<void> {
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

  /** Lets running statements finish, but not for ever. */
  async destroy(): Promise<void> {
    const ended = new Promise<void>((resolve) => this.#pool.end(() => resolve()));
    let timer: ReturnType<typeof setTimeout> | undefined;
    const timedOut = new Promise<void>((resolve) => (timer = setTimeout(resolve, closeTimeoutMs)));
    await Promise.race([ended, timedOut]);
    clearTimeout(timer);
    for (const raw of this.#connections.keys()) raw.destroy();
    this.#connections.clear();
  }

  #fromPool(): Promise<PoolConnection> {
    return new Promise((resolve, reject) => {
      this.#pool.getConnection((error, connection) => (error ? reject(error) : resolve(connection)));
    });
  }

  /**
   * READ COMMITTED: what is read after a lock is what is committed, and no gaps are locked. The SQL mode refuses
   * values that do not fit in place of cutting them, and leaves out NO_BACKSLASH_ESCAPES, under which the client's
   * escaping of texts would be wrong.
   */
  async #setUpSession(connection: MysqlConnection): Promise<void> {
    const lockWaitSeconds = Math.max(1, Math.ceil(this.#limits.lockWaitTimeoutMs / 1_000));
    await connection.run("set session transaction isolation level read committed");
    await connection.run(
      `set session sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO',
       innodb_lock_wait_timeout = ${lockWaitSeconds}`,
    );
  }

  #discard(connection: MysqlConnection): void {
    this.#connections.delete(connection.raw);
    connection.raw.destroy();
  }
}

class MysqlConnection implements DatabaseConnection {
  readonly raw: PoolConnection;
  readonly #queryTimeoutMs: number;
  /** The connection is lost, or nobody knows what the server still does on it. */
  broken = false;

  constructor(raw: PoolConnection, queryTimeoutMs: number) {
    this.raw = raw;
    this.#queryTimeoutMs = queryTimeoutMs;
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const result = await this.run(sql, parameters);
    if (Array.isArray(result)) return { rows: result as R[] };
    const { affectedRows, insertId } = result as ResultSetHeader;
    return { rows: [], numAffectedRows: BigInt(affectedRows), insertId: BigInt(insertId) };
  }

  run(sql: string, values: readonly unknown[] = []): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.raw.query({ sql, values: values as unknown[], timeout: this.#queryTimeoutMs }, (error, result) => {
        if (error === null) return resolve(result);
        this.broken ||= isConnectionLost(error);
        reject(error);
      });
    });
  }

  // oxlint-disable-next-line require-yield
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error("the ledger reads no streams");
  }
}
