import { Database, type SQLQueryBindings, type Statement } from "bun:sqlite";
import type { CompiledQuery, DatabaseConnection, Driver, QueryResult, TransactionSettings } from "kysely";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";

export interface SqlitePlace {
  /** The database file, created with its folder where missing; ":memory:" for one that ends with the process. */
  readonly file: string;
  /** How long a statement waits for another process. The wait blocks this process, so the ledger retries instead. */
  readonly busyTimeoutMs: number;
}

/** Most prepared statements that are kept. Batches of different sizes are different statements. */
const maxStatements = 100;

/**
 * Kysely's driver over Bun's SQLite: one connection, which Kysely gives to one unit of work at a time. Statements run
 * synchronously.
 */
export class SqliteDriver implements Driver {
  readonly #place: SqlitePlace;
  #connection: SqliteConnection | undefined;

  constructor(place: SqlitePlace) {
    this.#place = place;
  }

  async init(): Promise<void> {
    this.#connection = new SqliteConnection(openFile(this.#place));
  }

  async acquireConnection(): Promise<SqliteConnection> {
    if (this.#connection === undefined) throw new Error("the database is not open");
    return this.#connection;
  }

  async releaseConnection(): Promise<void> {}

  /** IMMEDIATE takes the write lock at the start, where it can be waited for; a later upgrade would fail at once. */
  async beginTransaction(connection: SqliteConnection, { accessMode }: TransactionSettings): Promise<void> {
    connection.database.run(accessMode === "read only" ? "begin" : "begin immediate");
  }

  async commitTransaction(connection: SqliteConnection): Promise<void> {
    connection.database.run("commit");
  }

  /** Some failures, such as a full disk, have already ended the transaction. */
  async rollbackTransaction({ database }: SqliteConnection): Promise<void> {
    if (database.inTransaction) database.run("rollback");
  }

  async destroy(): Promise<void> {
    this.#connection?.close();
    this.#connection = undefined;
  }
}

function openFile({ file, busyTimeoutMs }: SqlitePlace): Database {
  if (file !== ":memory:") mkdirSync(dirname(file), { recursive: true });
  const database = new Database(file, { create: true, readwrite: true, strict: true });
  try {
    // This comes first, because switching to WAL needs the file for a moment.
    database.run(`pragma busy_timeout = ${Math.floor(busyTimeoutMs)}`);
    database.run("pragma journal_mode = wal");
    // FULL: a commit is on disk before it returns. Weaker settings lose the last commits in a power failure.
    database.run("pragma synchronous = full");
    database.run("pragma foreign_keys = on");
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

class SqliteConnection implements DatabaseConnection {
  readonly database: Database;
  readonly #statements = new Map<string, Statement>();

  constructor(database: Database) {
    this.database = database;
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const statement = this.#prepare(sql);
    const values = parameters as SQLQueryBindings[];
    if (statement.columnNames.length > 0) return { rows: statement.all(...values) as R[] };
    const { changes, lastInsertRowid } = statement.run(...values);
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
  }

  // oxlint-disable-next-line require-yield
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error("the ledger reads no streams");
  }

  close(): void {
    for (const statement of this.#statements.values()) statement.finalize();
    this.#statements.clear();
    this.database.close();
  }

  /** Keeps the most recently used statements prepared. */
  #prepare(sql: string): Statement {
    const known = this.#statements.get(sql);
    if (known !== undefined) this.#statements.delete(sql);
    const statement = known ?? this.database.prepare(sql);
    this.#statements.set(sql, statement);
    if (this.#statements.size > maxStatements) this.#dropOldest();
    return statement;
  }

  #dropOldest(): void {
    for (const [sql, statement] of this.#statements) {
      statement.finalize();
      this.#statements.delete(sql);
      return;
    }
  }
}
