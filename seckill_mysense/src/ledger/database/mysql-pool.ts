import { Pool, TimeoutError } from "tarn";
import { settledWithin } from "../../time/settled-within.ts";
import { MysqlConnection, type MysqlConnectionLimits, type MysqlPlace } from "./mysql-connection.ts";
import { PoolExhaustedError } from "./mysql-failure.ts";

export interface MysqlLimits extends MysqlConnectionLimits {
  /** Most connections; further work waits for one of them. */
  readonly poolSize: number;
  /** Most units of work that wait for a connection; further work fails at once. */
  readonly maxWaiting: number;
  /** Longest wait for a connection, in milliseconds. */
  readonly acquireTimeoutMs: number;
}

/** Statements that set up a session: see `MysqlConnection.open`. */
const statementsOfOpening = 2;

type Acquiring = ReturnType<Pool<MysqlConnection>["acquire"]>;

/** Connections to one database, opened on demand. tarn pools them; this class adds the limits and the orderly end. */
export class MysqlPool {
  readonly #limits: MysqlLimits;
  readonly #pool: Pool<MysqlConnection>;
  readonly #connections = new Set<MysqlConnection>();
  readonly #acquiring = new Set<Acquiring>();
  #closed = false;

  constructor(place: MysqlPlace, limits: MysqlLimits) {
    this.#limits = limits;
    this.#pool = new Pool({
      create: () => this.#open(place),
      validate: (connection) => !connection.broken,
      destroy: (connection) => this.#forget(connection),
      min: limits.poolSize,
      max: limits.poolSize,
      createTimeoutMillis: limits.connectTimeoutMs + statementsOfOpening * limits.queryTimeoutMs,
      acquireTimeoutMillis: limits.acquireTimeoutMs,
      createRetryIntervalMillis: 1,
      propagateCreateError: true,
    });
  }

  async acquire(): Promise<MysqlConnection> {
    if (this.#closed) throw new Error("the ledger is closed");
    const { poolSize, maxWaiting, acquireTimeoutMs } = this.#limits;
    const pool = this.#pool;
    if (pool.numFree() === 0 && pool.numUsed() + pool.numPendingAcquires() >= poolSize + maxWaiting) {
      throw new PoolExhaustedError(`${maxWaiting} statements wait for one of ${poolSize} connections already`);
    }
    const acquiring = pool.acquire();
    this.#acquiring.add(acquiring);
    try {
      return await acquiring.promise;
    } catch (error) {
      if (this.#closed) throw new Error("the ledger is closed", { cause: error });
      if (!(error instanceof TimeoutError)) throw error;
      throw new PoolExhaustedError(`none of ${poolSize} connections became free in ${acquireTimeoutMs} ms`);
    } finally {
      this.#acquiring.delete(acquiring);
    }
  }

  release(connection: MysqlConnection): void {
    // tarn notices a broken connection only at its next use, and until then the server would keep its locks.
    if (connection.broken) connection.destroy();
    this.#pool.release(connection);
  }

  /** Fails waiting work, gives running work `graceMs` to finish, and then cuts it off. */
  async close(graceMs: number): Promise<void> {
    this.#closed = true;
    for (const acquiring of this.#acquiring) acquiring.abort();
    await settledWithin(graceMs, this.#pool.destroy());
    for (const connection of this.#connections) connection.destroy();
  }

  async #open(place: MysqlPlace): Promise<MysqlConnection> {
    const connection = await MysqlConnection.open(place, this.#limits);
    this.#connections.add(connection);
    return connection;
  }

  #forget(connection: MysqlConnection): void {
    if (connection.broken) connection.destroy();
    else connection.end();
    this.#connections.delete(connection);
  }
}
