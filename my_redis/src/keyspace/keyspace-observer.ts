import type { RecordIndex } from "../memory/record-index.ts";

/** A database whose keys all change at once, as far as an observer needs it. */
export interface ObservedDatabase {
  readonly number: number;
  /** All records, expired ones included. */
  readonly keys: RecordIndex;
  /** Whether key[start, end) is there. An expired key is not removed. */
  presenceOf(key: Uint8Array, start: number, end: number): "missing" | "expired" | "live";
}

/** The event of a change for which there is no keyspace notification. */
export const noEvent = "";

/** Notified of changes to keys. WATCH, blocked clients, keyspace notifications and client tracking build on it. */
export interface KeyspaceObserver {
  keyChanged(database: number, key: Uint8Array, start: number, end: number, event: string): void;
  /**
   * All keys of a database are about to be removed, or to be exchanged for those of `replacement`. With itself as the
   * replacement: its keys have just come.
   */
  databaseChanged(database: ObservedDatabase, replacement?: ObservedDatabase): void;
}

/** Called with the number of a database and key[start, end). */
export type KeyListener = (database: number, key: Uint8Array, start: number, end: number) => void;
/** Called with the number of a database, the key of a hash, and fields of the hash. */
export type FieldsListener = (database: number, key: Uint8Array, fields: readonly Uint8Array[]) => void;
