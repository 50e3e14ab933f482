import type { CompiledQuery, DatabaseConnection, QueryResult } from "kysely";
import { createConnection, type Connection, type ResultSetHeader } from "mysql2";
import { connect, type Socket } from "node:net";
import { isConnectionLost } from "./mysql-failure.ts";

/** Where a database is, and who asks. */
export interface MysqlPlace {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** None for work on the server itself. */
  readonly database?: string;
}

export interface MysqlConnectionLimits {
  readonly connectTimeoutMs: number;
  /** A statement without any answer for so long loses its connection: a frozen server must not hold us. */
  readonly queryTimeoutMs: number;
  /** How long a statement waits for a row lock. MySQL counts it in whole seconds. */
  readonly lockWaitTimeoutMs: number;
}

const keepAliveDelayMs = 30_000;
const endTimeoutMs = 200;

/** One session with the server, set up for the ledger. */
export class MysqlConnection implements DatabaseConnection {
  /** The connection is lost, or nobody knows what the server still does on it: it must not be used again. */
  broken = false;
  readonly #raw: Connection;
  readonly #socket: Socket;
  readonly #queryTimeoutMs: number;

  private constructor(place: MysqlPlace, { connectTimeoutMs, queryTimeoutMs }: MysqlConnectionLimits) {
    const { host, port, ...account } = place;
    // Our own socket, since mysql2 only ever half-closes its own: with a frozen server that would stay open for ever.
    this.#socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveDelayMs });
    this.#raw = createConnection({
      ...account,
      stream: this.#socket,
      charset: "utf8mb4",
      connectTimeout: connectTimeoutMs,
    });
    this.#queryTimeoutMs = queryTimeoutMs;
    // For as long as it lives: a dying connection reports more than one error, and one without a listener would end
    // the process.
    for (const event of ["error", "end"]) this.#raw.on(event, () => (this.broken = true));
  }

  static async open(place: MysqlPlace, limits: MysqlConnectionLimits): Promise<MysqlConnection> {
    const connection = new MysqlConnection(place, limits);
    try {
      await connection.#connected();
      await connection.#setUpSession(limits);
      return connection;
    } catch (error) {
      connection.destroy();
      throw error;
    }
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const result = await this.run(sql, parameters);
    if (Array.isArray(result)) return { rows: result as R[] };
    const { affectedRows, insertId } = result as ResultSetHeader;
    return { rows: [], numAffectedRows: BigInt(affectedRows), insertId: BigInt(insertId) };
  }

  /** One statement: its rows, or a `ResultSetHeader`. */
  run(sql: string, values: readonly unknown[] = []): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#raw.query({ sql, values: values as unknown[], timeout: this.#queryTimeoutMs }, (error, result) => {
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

  /** At once: what runs on it fails. mysql2's own `destroy` would leave it without any answer. */
  destroy(): void {
    this.broken = true;
    this.#socket.destroy();
  }

  /** With a word to the server, which would log an aborted connection otherwise. */
  end(): void {
    this.broken = true;
    this.#raw.end();
    setTimeout(() => this.#socket.destroy(), endTimeoutMs).unref();
  }

  #connected(): Promise<void> {
    return new Promise((resolve, reject) => this.#raw.connect((error) => (error ? reject(error) : resolve())));
  }

  /**
   * READ COMMITTED: what is read after a lock is what is committed, and no gaps are locked. The SQL mode refuses
   * values that do not fit in place of cutting them, and leaves out NO_BACKSLASH_ESCAPES, under which the client's
   * escaping of texts would be wrong.
   */
  async #setUpSession({ lockWaitTimeoutMs }: MysqlConnectionLimits): Promise<void> {
    const lockWaitSeconds = Math.max(1, Math.ceil(lockWaitTimeoutMs / 1_000));
    await this.run("set session transaction isolation level read committed");
    await this.run(
      `set session sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO',
       innodb_lock_wait_timeout = ${lockWaitSeconds}`,
    );
  }
}
