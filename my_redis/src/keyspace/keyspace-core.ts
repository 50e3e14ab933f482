import { HalfSipHash } from "../memory/half-sip-hash.ts";
import { type Address, Heap } from "../memory/heap.ts";
import { ObjectTable, type ObjectValue } from "../memory/object-table.ts";
import { accessClockOf, setAccessClock } from "../memory/record.ts";
import { AccessClock } from "./access-clock.ts";
import type { FieldsListener, KeyListener, KeyspaceObserver } from "./keyspace-observer.ts";
import type { SnapshotInProgress } from "./snapshot-in-progress.ts";
import type { ValueLimits } from "./value-limits.ts";

export interface KeyspaceEnvironment {
  /** The time in Unix milliseconds. It stands still while one command runs. */
  readonly nowMs: () => number;
  /** Unix milliseconds of a clock that nobody sets while the program runs: for how long ago a key was used. */
  readonly steadyMs: () => number;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** Seeds of the key hash. */
  readonly hashKeys: readonly [number, number];
}

/** Says something of key[start, end). */
export type KeyPredicate = (key: Uint8Array, start: number, end: number) => boolean;

/** Elements freed per step when a large value is freed in the background. */
const releaseStep = 512;

/**
 * All databases of a keyspace share this: the heap, the hash, the objects of large values, the count of changes, the
 * observers. It knows no database, so that a database can be built on it.
 */
export class KeyspaceCore {
  readonly heap = new Heap();
  readonly objects = new ObjectTable();
  readonly environment: KeyspaceEnvironment;
  /** Read at each write, since CONFIG SET may change them. */
  readonly limits: ValueLimits;
  readonly hasher: HalfSipHash;
  /** Counts changes since the start. A command that leaves it unchanged has written nothing. */
  dirty = 0;
  /** The part of `dirty` that has to be logged, but that Redis does not count as changes. */
  uncounted = 0;
  /** Whether `observer` is to be notified. Off while no client watches, blocks or listens. */
  observed = false;
  observer: KeyspaceObserver | undefined;
  /** The snapshot that is being taken, if any: it has to see each record before the record changes. */
  snapshot: SnapshotInProgress | undefined;
  /** Called when a key has expired and was removed, before the command that found it goes on. */
  onExpired: KeyListener | undefined;
  /** Called before a key is removed to free memory. */
  onEvicted: KeyListener | undefined;
  /** Called when fields of a hash have expired. The hash is gone if they were its last fields. */
  onFieldsExpired: FieldsListener | undefined;
  /** Called when a command wanted to read a missing key. Undefined while no client listens. */
  onMissed: KeyListener | undefined;
  /** Called when a key is created, before its value is there. Undefined while no client listens. */
  onCreated: KeyListener | undefined;
  /** Off while a log is loaded: then an expired key is removed by the log's own DEL. */
  expires = true;
  /** Off on a replica: an expired key counts as missing there, but only the primary's DEL removes it. */
  removesExpired = true;
  /** On for a writable replica: in the background, keys do not expire by themselves. */
  keepsExpiredKeys = false;
  /** On while a client of a writable replica only reads: an expired key counts as missing, and stays. */
  hidesExpired = false;
  /**
   * Tells which keys, key[start, end), are here but not of this server, because they come from another node or have gone to
   * one: no client sees them, and they neither expire nor are evicted here. Undefined while there are none.
   */
  isHidden: KeyPredicate | undefined;
  /** Tells which keys are being copied to another node. Undefined while there are none. */
  isLeaving: KeyPredicate | undefined;
  /**
   * Data that is to take the place of the present one is beside it. Nothing is evicted meanwhile: the present data would
   * have to make room.
   */
  isStaging = false;
  /** Keeps in a record's access clock what the eviction policy needs. */
  readonly accessClock: AccessClock;
  readonly statistics = noStatistics();
  /** Values that a command is building and that have no key yet. If the command fails, their memory is freed. */
  readonly unattached = new Set<ObjectValue>();
  readonly #releasing: ObjectValue[] = [];
  #inRelease = false;

  constructor(environment: KeyspaceEnvironment, limits: ValueLimits) {
    this.environment = environment;
    this.limits = limits;
    this.accessClock = new AccessClock(environment);
    this.hasher = new HalfSipHash(environment.hashKeys[0], environment.hashKeys[1]);
  }

  /** Changes since the start, counted as Redis does. */
  get changes(): number {
    return this.dirty - this.uncounted;
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

  /**
   * Keys and fields with an expiry up to this moment have expired, Unix milliseconds. -Infinity while nothing may
   * expire.
   */
  get expiryMoment(): number {
    return this.expires && this.removesExpired ? this.environment.nowMs() : Number.NEGATIVE_INFINITY;
  }

  /** Whether looking an expired key up removes it. */
  get removesFound(): boolean {
    return this.removesExpired && !this.hidesExpired;
  }

  /** Runs what loads data: no client is notified of each key. */
  silently<Result>(run: () => Result): Result {
    const { onCreated } = this;
    this.onCreated = undefined;
    try {
      return run();
    } finally {
      this.onCreated = onCreated;
    }
  }

  /** Runs what brings or removes keys that another node owns: no client of this one hears of them. */
  unobserved<Result>(run: () => Result): Result {
    const { observed } = this;
    this.observed = false;
    try {
      return this.silently(run);
    } finally {
      this.observed = observed;
    }
  }

  /** Takes the rest of the snapshot that is being taken, if any. */
  completeSnapshot(): void {
    while (this.snapshot !== undefined) this.snapshot.step(() => false);
  }

  /** To be called when a command has failed: frees what it has built without giving it to a key. */
  releaseUnattached(): void {
    for (const value of this.unattached) this.releaseLater(value);
    this.unattached.clear();
  }

  /** Frees a value that no key refers to any more, in steps. */
  releaseLater(value: ObjectValue): void {
    // While one value is freed, the values that it contained only join the queue: to free hundreds of them at once
    // would be a long step.
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

  /** Frees values until none is left or `spent()` is true. */
  releaseSome(spent: () => boolean): void {
    for (;;) {
      if (spent()) return;
      // The value is taken off the list first: freeing it may add others.
      const value = this.#releasing.pop();
      if (value === undefined) return;
      const queued = this.#releasing.length;
      if (this.#releaseStep(value)) continue;
      // The value goes below those that came out of it, so that the list stays short.
      this.#releasing.splice(queued, 0, value);
    }
  }
}

const noStatistics = () => ({ hits: 0, misses: 0, expired: 0, expiredFields: 0, evicted: 0, lazyfreed: 0 });
