import { mark } from "../memory/record.ts";
import { Database } from "./database.ts";
import type { Keyspace } from "./keyspace.ts";

/**
 * Databases beside those that are served, for data that is to take their place once it is whole. They share the memory of
 * the keyspace, and no command sees them.
 */
export class StagedDatabases {
  readonly databases: readonly Database[];
  readonly #keyspace: Keyspace;
  /** Snapshots that had begun before. */
  readonly #turnsBefore: number;

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace;
    this.#turnsBefore = keyspace.heap.turns;
    this.databases = keyspace.databases.map(({ number }) => new Database(keyspace, number));
    keyspace.isStaging = true;
  }

  /** The data here is served from now on, and the other data is freed in steps. No snapshot may be in progress. */
  takePlace(): void {
    const keyspace = this.#keyspace;
    if (keyspace.snapshot !== undefined) throw new Error("a snapshot is under way");
    if (keyspace.heap.turns !== this.#turnsBefore) this.#markAll();
    keyspace.flush(keyspace.databases);
    for (const [number, database] of keyspace.databases.entries()) database.swap(this.databases[number] as Database);
    this.drop();
    keyspace.announceAll();
  }

  /** A snapshot has begun since, which did not know these records. The next one would think that it has taken them. */
  #markAll(): void {
    const { heap } = this.#keyspace;
    for (const { keys } of this.databases) keys.forEach((address) => mark(heap, address));
  }

  /** Frees what is here, in steps. */
  drop(): void {
    for (const database of this.databases) {
      database.flush();
      database.dispose();
    }
    this.#keyspace.releaseUnattached();
    this.#keyspace.isStaging = false;
  }
}
