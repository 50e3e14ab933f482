import { Database } from "./database.ts";
import { KeyspaceCore, type KeyspaceEnvironment } from "./keyspace-core.ts";
import type { ValueLimits } from "./value-limits.ts";

export interface KeyspaceOptions {
  /** The number of databases. */
  readonly databases: number;
  readonly environment: KeyspaceEnvironment;
  readonly limits: ValueLimits;
}

/** All databases, and what they share. */
export class Keyspace extends KeyspaceCore {
  readonly databases: readonly Database[];

  constructor({ databases, environment, limits }: KeyspaceOptions) {
    super(environment, limits);
    this.databases = Array.from({ length: databases }, (_, number) => new Database(this, number));
  }

  database(number: number): Database {
    const database = this.databases[number];
    if (database === undefined) throw new RangeError(`no database ${number}`);
    return database;
  }

  /** Removes all keys of these databases. Each key counts as a change. It is logged even when there are none. */
  flush(databases: readonly Database[]): void {
    const keys = databases.reduce((total, { size }) => total + size, 0);
    this.dirty += Math.max(keys, 1);
    if (keys === 0) this.uncounted++;
    for (const database of databases) {
      if (this.observed) this.observer?.databaseChanged(database);
      database.flush();
    }
  }

  /** To be called when other data is in the databases than before, which no command has put there. */
  announceAll(): void {
    if (!this.observed) return;
    for (const database of this.databases) this.observer?.databaseChanged(database, database);
  }

  /** Exchanges the contents of two databases. */
  swap(first: Database, second: Database): void {
    if (this.observed && first !== second) {
      this.observer?.databaseChanged(first, second);
      this.observer?.databaseChanged(second, first);
    }
    first.swap(second);
    this.dirty++;
  }
}
