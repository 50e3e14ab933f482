import { Database, type Statement } from "bun:sqlite";
import { closeSync, fsyncSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { QueueUnavailable } from "./queue-errors.ts";

const schemaVersion = 1;

/** `deliveries` counts earlier deliveries, also those of processes that died with the message in hand. */
export interface StoredMessage {
  readonly id: number;
  readonly body: Uint8Array;
  readonly deliveries: number;
}

/**
 * The embedded queue's file. Messages are on disk when `append` returns. Other writes do not wait for the disk: a power
 * failure may undo them, which delivers messages again and loses none.
 */
export class EmbeddedStore {
  readonly #database: Database;
  readonly #insert: Statement;
  readonly #selectAfter: Statement<StoredMessage, [number, number]>;
  readonly #selectOne: Statement<StoredMessage, [number]>;
  readonly #countDelivery: Statement;
  readonly #uncountDelivery: Statement;
  readonly #delete: Statement;
  readonly #bury: Statement;

  constructor(file: string) {
    this.#database = openDatabase(file);
    this.#insert = this.#database.prepare("INSERT INTO message (body) VALUES (?)");
    this.#selectAfter = this.#database.prepare(
      "SELECT id, body, deliveries FROM message WHERE id > ? ORDER BY id LIMIT ?",
    );
    this.#selectOne = this.#database.prepare("SELECT id, body, deliveries FROM message WHERE id = ?");
    this.#countDelivery = this.#database.prepare("UPDATE message SET deliveries = deliveries + 1 WHERE id = ?");
    this.#uncountDelivery = this.#database.prepare("UPDATE message SET deliveries = deliveries - 1 WHERE id = ?");
    this.#delete = this.#database.prepare("DELETE FROM message WHERE id = ?");
    this.#bury = this.#database.prepare(
      "INSERT INTO dead_letter SELECT id, body, deliveries FROM message WHERE id = ?",
    );
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

  /** Counts a delivery of each message before it takes place, so that a message that kills its consumer is detected. */
  countDeliveries(ids: readonly number[]): void {
    this.#transaction("NORMAL", () => {
      for (const id of ids) this.#countDelivery.run(id);
    });
  }

  /** Does not count the last delivery of each message: this side has broken it off. */
  uncountDeliveries(ids: readonly number[]): void {
    this.#transaction("NORMAL", () => {
      for (const id of ids) this.#uncountDelivery.run(id);
    });
  }

  settle({ done, dead }: { readonly done: readonly number[]; readonly dead: readonly number[] }): void {
    this.#transaction("NORMAL", () => {
      for (const id of dead) this.#bury.run(id);
      for (const id of [...done, ...dead]) this.#delete.run(id);
    });
  }

  /** How many messages name this product. Reads all bodies, which takes some 30 ms for 100,000 of them. */
  countNaming(productId: string): number {
    const named = Buffer.from(`"productId":${JSON.stringify(productId)}`);
    const sql = "SELECT count(*) AS count FROM message WHERE instr(body, ?) > 0";
    return this.#database.query<{ count: number }, [Uint8Array]>(sql).get(named)!.count;
  }

  counts(): { messages: number; deadLetters: number } {
    const count = (table: string): number =>
      this.#database.query<{ count: number }, []>(`SELECT count(*) AS count FROM ${table}`).get()!.count;
    return { messages: count("message"), deadLetters: count("dead_letter") };
  }

  close(): void {
    // SQLite keeps the file and its lock until every prepared statement is finalized.
    for (const statement of [this.#insert, this.#selectAfter, this.#selectOne]) statement.finalize();
    for (const statement of [this.#countDelivery, this.#uncountDelivery, this.#delete, this.#bury])
      statement.finalize();
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
  if (version !== 0) throw new Error(`${file} has version ${version}, but this program knows version ${schemaVersion}`);
  database.run(`
    BEGIN;
    CREATE TABLE message (
      id INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL, deliveries INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE dead_letter (id INTEGER PRIMARY KEY, body BLOB NOT NULL, deliveries INTEGER NOT NULL);
    PRAGMA user_version = ${schemaVersion};
    COMMIT;
  `);
}

/** A new file survives a power failure only if its folder's entry is on disk too. */
function syncFolder(folder: string): void {
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
