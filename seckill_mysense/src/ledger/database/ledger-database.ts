import type { Kysely, Transaction } from "kysely";
import type { LedgerSchema } from "./schema.ts";

/**
 * The meaning of a failed statement for the caller.
 * - `contended`: deadlock, lock wait or busy file. The database rolled back, and the same work may be repeated.
 * - `lost`: the connection or the server is gone. It is unknown whether a commit took effect.
 * - `duplicate_key`: another transaction was first. Reading again will show its row.
 * - `refused_value`: the column cannot hold a value. Repeating is useless.
 * - `other`: anything else, from a missing right to a full disk.
 */
export type FailureKind = "contended" | "lost" | "duplicate_key" | "refused_value" | "other";

/** A table for both databases: `id`, `text(n)` and `integer` stand for the dialect's own types. */
export interface TableDefinition {
  readonly name: string;
  /** Columns and constraints as they stand in CREATE TABLE. */
  readonly lines: readonly string[];
  /** Secondary indexes: name to columns. */
  readonly indexes?: Readonly<Record<string, readonly string[]>>;
}

/** The names of column types in one dialect. */
export interface ColumnTypes {
  /** An id: compared byte by byte. */
  readonly id: string;
  /** A whole number up to 2^53. */
  readonly integer: string;
  /** A primary key that the database counts up. */
  readonly sequence: string;
  /** Up to 64 KiB of bytes. */
  readonly bytes: string;
  /** Bytes of one length. */
  fixedBytes(length: number): string;
  text(maxLength: number): string;
}

/** All differences between MySQL and SQLite that matter to the ledger. */
export interface LedgerDialect {
  readonly name: "mysql" | "sqlite";
  readonly types: ColumnTypes;
  /** The database's clock in Unix milliseconds, as an SQL expression. */
  readonly nowMs: string;
  /** Statements that create a table with its indexes; running them again changes nothing. */
  createTable(table: TableDefinition): string[];
  /** Statements that add a column; where running them again would fail, the whole migration is one transaction. */
  addColumn(table: string, column: string, definition: string): string[];
  /** Statements that add an index, as above. */
  addIndex(table: string, index: string, columns: readonly string[]): string[];
  /** Whether a SELECT must lock its rows. A write transaction of SQLite has already locked the whole file. */
  readonly locksRows: boolean;
  failureKind(error: unknown): FailureKind;
  /** In words, how the database may lose a commit; undefined if it may not. */
  durabilityRisk(database: Kysely<LedgerSchema>): Promise<string | undefined>;
  /** Runs the work while no other process migrates, on one connection. Creates the database if it is missing. */
  whileMigrating(
    database: Kysely<LedgerSchema>,
    work: (connection: Kysely<LedgerSchema>) => Promise<void>,
  ): Promise<void>;
}

/** A database with its dialect, as an implementation opens it. */
export interface OpenDatabase {
  readonly kysely: Kysely<LedgerSchema>;
  readonly dialect: LedgerDialect;
  close(): Promise<void>;
}

export type LedgerTransaction = Transaction<LedgerSchema>;

/** Where a read may run: by itself, or in a transaction. */
export type LedgerReader = Kysely<LedgerSchema>;
