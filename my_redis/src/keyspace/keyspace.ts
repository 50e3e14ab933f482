import { HalfSipHash } from "../memory/half-sip-hash.ts";
import { AccessClock } from "./access-clock.ts";
import { Database } from "./database.ts";
import { type Address, Heap } from "../memory/heap.ts";
import type { RecordStore } from "./record-store.ts";
import { ObjectTable, type ObjectValue } from "../memory/object-table.ts";
import type { Snapshot } from "./snapshot.ts";
import { accessClockOf, setAccessClock } from "../memory/record.ts";

/** Told of changes to keys: WATCH, blocked clients, notifications and client tracking stand on it. */
export interface KeyspaceObserver {
  keyChanged(database: Database, key: Uint8Array, start: number, end: number, event: string): void;
  /** All keys of a database are about to go, or to be exchanged for those of `replacement`. */
  databaseChanged(database: Database, replacement?: Database): void;
}

export interface KeyspaceEnvironment {
  /** Now, Unix milliseconds, standing still while one command runs. */
  readonly nowMs: () => number;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** Seeds of the key hash. */
  readonly hashKeys: readonly [number, number];
}

/** Elements freed per step when a large value is freed in the background. */
const releaseStep = 512;

/** All databases, and what they share: the heap, the hash, the objects, the count of changes. */
export class Keyspace {
  readonly heap = new Heap();
  readonly objects = new ObjectTable();
  readonly databases: Database[];
  readonly environment: KeyspaceEnvironment;
  readonly hasher: HalfSipHash;
  /** Counts changes since the start: a command that leaves it as it was has written nothing. */
  dirty = 0;
  /** Whether `observer` must be told of changes. Off while nobody watches, blocks or listens. */
  observed = false;
  observer: KeyspaceObserver | undefined;
  /** While one is taken: it has to see what changes before it does. */
  snapshot: Snapshot | undefined;
  /** Told when a key's time was over and it was removed, before the command that found it so goes on. */
  onExpired: ((database: Database, key: Uint8Array, start: number, end: number) => void) | undefined;
  /** Told when a key was removed to make room, before it is. */
  onEvicted: ((database: Database, key: Uint8Array, start: number, end: number) => void) | undefined;
  /** As `onExpired`, for fields of a hash, which is gone when they were its last. */
  onFieldsExpired: ((database: Database, key: Uint8Array, fields: readonly Uint8Array[]) => void) | undefined;
  /** Told of a key that a command wanted to read and that is not there, while somebody wants to know. */
  onMissed: ((database: Database, key: Uint8Array, start: number, end: number) => void) | undefined;
  /** Told of a key that is created, before its value is there, while somebody wants to know. */
  onCreated: ((store: RecordStore, key: Uint8Array, start: number, end: number) => void) | undefined;
  /** Off while a log is loaded: then an expired key is removed by the log's own DEL. */
  expires = true;
  /** What the eviction policy wants in a record's access clock. */
  readonly accessClock: AccessClock;
  readonly statistics = noStatistics();
  readonly #releasing: ObjectValue[] = [];
  #inRelease = false;

  constructor(databaseCount: number, environment: KeyspaceEnvironment) {
    this.environment = environment;
    this.accessClock = new AccessClock(environment);
    this.hasher = new HalfSipHash(environment.hashKeys[0], environment.hashKeys[1]);
    this.databases = Array.from({ length: databaseCount }, (_, number) => new Database(this, number));
  }

  database(number: number): Database {
    const database = this.databases[number];
    if (database === undefined) throw new RangeError(`no database ${number}`);
    return database;
  }

  /** Marks a record as used now. */
  touch(address: Address): void {
    const { accessClock, heap } = this;
    if (accessClock.setsSecond) setAccessClock(heap, address, accessClock.second);
    else if (accessClock.marks) setAccessClock(heap, address, accessClock.used(accessClockOf(heap, address)));
  }

  /** Bytes that the data takes: records, values, and the indexes to find them by. */
  get usedBytes(): number {
    return this.heap.usedBytes + this.heap.besideBytes + this.objects.memoryBytes;
  }

  /** Times up to this moment are over, Unix milliseconds; while nothing may expire, none is. */
  get expiryMoment(): number {
    return this.expires ? this.environment.nowMs() : Number.NEGATIVE_INFINITY;
  }

  /** Removes all keys of these databases. Counts as a change even when there are none, as in Redis. */
  flush(databases: readonly Database[]): void {
    for (const database of databases) {
      if (this.observed) this.observer?.databaseChanged(database);
      database.flush();
    }
    this.dirty++;
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

  /** Takes over a value that no key names any more, and frees it bit by bit. */
  releaseLater(value: ObjectValue): void {
    // While one value is freed, those that it held only queue: hundreds of them at once would be a long step.
    if (this.#inRelease || !this.#releaseStep(value)) this.#releasing.push(value);
  }

  #releaseStep(value: ObjectValue): boolean {
    this.#inRelease = true;
    try {
      return value.release(releaseStep);
    } finally {
      this.#inRelease = false;
    }
  }

  resetStatistics(): void {
    Object.assign(this.statistics, noStatistics());
  }

  get pendingReleases(): number {
    return this.#releasing.length;
  }

  /** Frees until nothing is left or `spent()` says that the time is over. */
  releaseSome(spent: () => boolean): void {
    for (;;) {
      if (spent()) return;
      // Taken out first: freeing it may put further values on the list.
      const value = this.#releasing.pop();
      if (value === undefined) return;
      const queued = this.#releasing.length;
      if (this.#releaseStep(value)) continue;
      // Below those that came out of it, so that the list stays short.
      this.#releasing.splice(queued, 0, value);
    }
  }
}

const noStatistics = () => ({ hits: 0, misses: 0, expired: 0, expiredFields: 0, evicted: 0, lazyfreed: 0 });
