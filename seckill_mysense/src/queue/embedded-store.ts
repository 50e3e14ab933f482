import { Database, type Statement } from "bun:sqlite";
import { closeSync, fsyncSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { QueueUnavailable } from "./queue-errors.ts";

const schemaVersion = 2;

export interface StoredMessage {
  readonly id: number;
  readonly body: Uint8Array;
}

/**
 * The embedded queue's file. Messages are on disk when `append` returns. Removals do not wait for the disk: a power
 * failure may undo them, which delivers messages again and loses none.
 */
export class EmbeddedStore {
  readonly #database: Database;
  readonly #insert: Statement;
  readonly #selectAfter: Statement<StoredMessage, [number, number]>;
  readonly #selectOne: Statement<StoredMessage, [number]>;
  readonly #delete: Statement;

  constructor(file: string) {
    this.#database = openDatabase(file);
    this.#insert = this.#database.prepare("INSERT INTO message (body) VALUES (?)");
    this.#selectAfter = this.#database.prepare("SELECT id, body FROM message WHERE id > ? ORDER BY id LIMIT ?");
    this.#selectOne = this.#database.prepare("SELECT id, body FROM message WHERE id = ?");
    this.#delete = this.#database.prepare("DELETE FROM message WHERE id = ?");
  }

  append(bodies: readonly Uint8Array[]): void {
    this.#transaction("FULL", () => {
      for (const body of bodies) this.#insert.run(body);
    });
  }

  /** The oldest messages with an id above `id`. */
  after(id: number, limit: number): StoredMessage[] {
    return this.#selectAfter.all(id, limit);
  }

  read(id: number): StoredMessage | undefined {
    return this.#selectOne.get(id) ?? undefined;
  }

  remove(ids: readonly number[]): void {
    this.#transaction("NORMAL", () => {
      for (const id of ids) this.#delete.run(id);
    });
  }

  /** How many messages name this product. Reads all bodies, which takes some 30 ms for 100,000 of them. */
  countNaming(productId: string): number {
    const named = Buffer.from(`"productId":${JSON.stringify(productId)}`);
    const sql = "SELECT count(*) AS count FROM message WHERE instr(body, ?) > 0";
    return this.#database.query<{ count: number }, [Uint8Array]>(sql).get(named)!.count;
  }

  count(): number {
    return this.#database.query<{ count: number }, []>("SELECT count(*) AS count FROM message").get()!.count;
  }

  close(): void {
    // SQLite keeps the file and its lock until every prepared statement is finalized.
    for (const statement of [this.#insert, this.#selectAfter, this.#selectOne, this.#delete]) statement.finalize();
    this.#database.close(true);
  }

  #transaction(synchronous: "FULL" | "NORMAL", work: () => void): void {
    this.#database.run(`PRAGMA synchronous = ${synchronous}`);
    this.#database.run("BEGIN IMMEDIATE");
    try {
      work();
      this.#database.run("COMMIT");
    } catch (error) {
      // Some failures, such as a full disk, have already ended the transaction.
      if (this.#database.inTransaction) this.#database.run("ROLLBACK");
      throw error;
    }
  }
}

const inMemory = ":memory:";

function openDatabase(file: string): Database {
  if (file !== inMemory) mkdirSync(dirname(file), { recursive: true });
  let database: Database | undefined;
  try {
    database = new Database(file, { create: true, readwrite: true });
    // One process at a time, because only its memory knows which messages are in hand.
    database.run("PRAGMA locking_mode = EXCLUSIVE");
    database.run("PRAGMA journal_mode = WAL");
    migrate(database, file);
  } catch (error) {
    database?.close();
    const reason = error instanceof Error ? error.message : String(error);
    const explained = reason.includes("locked") ? "it is in use by another queue or process" : reason;
    throw new QueueUnavailable(`cannot open the queue's file ${file}: ${explained}`, { cause: error });
  }
  if (file !== inMemory) syncFolder(dirname(file));
  return database;
}

function migrate(database: Database, file: string): void {
  const { user_version: version } = database.query<{ user_version: number }, []>("PRAGMA user_version").get()!;
  if (version === schemaVersion) return;
  const steps = { 0: create, 1: bringDeadLettersBack }[version];
  if (steps === undefined) {
    throw new Error(`${file} has version ${version}, but this program knows versions up to ${schemaVersion}`);
  }
  database.run(`BEGIN; ${steps} PRAGMA user_version = ${schemaVersion}; COMMIT;`);
}

const create = "CREATE TABLE message (id INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL);";

/**
 * Version 1 put messages aside by itself, valid ones among them. They wait again: a consumer records the valid ones, and
 * keeps the others in the ledger.
 */
const bringDeadLettersBack = `
  INSERT INTO message (body) SELECT body FROM dead_letter ORDER BY id;
  DROP TABLE dead_letter;
  ALTER TABLE message DROP COLUMN deliveries;
`;

/** A new file survives a power failure only if its folder's entry is on disk too. */
function syncFolder(folder: string): void {
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
