import type { CompiledQuery, DatabaseConnection, QueryResult } from "kysely";
import { createConnection, type Connection, type ResultSetHeader } from "mysql2";
import { connect, type Socket } from "node:net";
import { isConnectionLost } from "./mysql-failure.ts";

/** Address and account of a database. */
export interface MysqlPlace {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Not given for work on the server itself. */
  readonly database?: string;
  /** Undefined for a connection in the clear. */
  readonly tls?: MysqlTls | undefined;
}

/** The server must show a certificate for `host`. */
export interface MysqlTls {
  /** The certificates of authorities that may have signed it, in PEM; undefined for those of the operating system. */
  readonly ca: string | undefined;
}

export interface MysqlConnectionLimits {
  readonly connectTimeoutMs: number;
  /** A statement without an answer for this long loses its connection: a frozen server must not block the ledger. */
  readonly queryTimeoutMs: number;
  /** How long a statement waits for a row lock. MySQL counts it in whole seconds. */
  readonly lockWaitTimeoutMs: number;
}

const keepAliveDelayMs = 30_000;
const endTimeoutMs = 200;

/** One session with the server, set up for the ledger. */
export class MysqlConnection implements DatabaseConnection {
  /** The connection is lost, or the server may still be working on it: it must not be used again. */
  broken = false;
  readonly #raw: Connection;
  readonly #socket: Socket;
  readonly #queryTimeoutMs: number;

  private constructor(place: MysqlPlace, { connectTimeoutMs, queryTimeoutMs }: MysqlConnectionLimits) {
    const { host, port, user, password, database, tls } = place;
    // A socket of our own, because mysql2 only half-closes its sockets: with a frozen server they stay open for ever.
    this.#socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveDelayMs });
    this.#raw = createConnection({
      user,
      password,
      ...(database !== undefined && { database }),
      // With a stream of our own, the host only says whom the certificate must name.
      host,
      ...(tls && {
        ssl: { ...(tls.ca !== undefined && { ca: tls.ca }), rejectUnauthorized: true, verifyIdentity: true },
      }),
      stream: this.#socket,
      charset: "utf8mb4",
      connectTimeout: connectTimeoutMs,
    });
    this.#queryTimeoutMs = queryTimeoutMs;
    // The listeners stay, because a dying connection reports more than one error, and an error without a listener ends
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

  /** Closes at once; a running statement fails. With mysql2's own `destroy` it would never settle. */
  destroy(): void {
    this.broken = true;
    this.#socket.destroy();
  }

  /** Says goodbye to the server first, which would otherwise log an aborted connection. */
  end(): void {
    this.broken = true;
    this.#raw.end();
    setTimeout(() => this.#socket.destroy(), endTimeoutMs).unref();
  }

  #connected(): Promise<void> {
    return new Promise((resolve, reject) => this.#raw.connect((error) => (error ? reject(error) : resolve())));
  }

  /**
   * READ COMMITTED: a read after a lock sees all committed rows, and no gaps are locked. The SQL mode refuses values
   * that do not fit instead of cutting them. It leaves out NO_BACKSLASH_ESCAPES, with which the client's escaping of
   * texts would be wrong. In UTC the server's clock is exact: with summer time, an hour of the year comes twice, and
   * `unix_timestamp(now())` cannot tell which of the two it is.
   */
  async #setUpSession({ lockWaitTimeoutMs }: MysqlConnectionLimits): Promise<void> {
    const lockWaitSeconds = Math.max(1, Math.ceil(lockWaitTimeoutMs / 1_000));
    await this.run("set session transaction isolation level read committed");
    await this.run(
      `set session sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO',
       innodb_lock_wait_timeout = ${lockWaitSeconds}, time_zone = '+00:00'`,
    );
  }
}
