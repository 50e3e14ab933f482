import { freeRecord } from "./free-record.ts";
import type { Address } from "../memory/heap.ts";
import { noExpiry } from "./record-store.ts";
import type { Keyspace } from "./keyspace.ts";
import type { SnapshotInProgress } from "./snapshot-in-progress.ts";
import type { ObjectValue } from "../memory/object-table.ts";
import type { RecordIndex } from "../memory/record-index.ts";
import * as record from "../memory/record.ts";

/** The receiver of a snapshot's records. It gets each record once, in no particular order. */
export interface SnapshotSink {
  /** Takes a record of the database with this number at once. `expiryMs` is a moment, or `noExpiry`. */
  record(database: number, address: Address, expiryMs: number): void;
  /**
   * Takes a large record in steps, a piece in each. Until its end, no other record may follow, except those that
   * `record` takes meanwhile. The record's address and expiry are valid in the first step only, but its value is valid
   * in all of them, and so is the address of a string.
   */
  pieces(database: number, address: Address, expiryMs: number): Iterator<unknown, unknown>;
}

/** The keys of one database at the beginning of the snapshot. They may belong to another database by now. */
interface Source {
  readonly number: number;
  readonly keys: RecordIndex;
  readonly size: number;
  readonly expiring: number;
  cursor: number;
  done: boolean;
  /** Keys that were flushed meanwhile, to be freed once the snapshot has taken them. */
  flushed: ObjectValue | undefined;
}

/** A large value that is taken in steps, or will be. */
interface LargeRecord {
  readonly number: number;
  /** No key refers to it any more: it is freed when the snapshot has taken it. */
  isRemoved: boolean;
}

/** A large value of which some pieces are taken. */
interface LargeInPieces extends LargeRecord {
  address: Address;
  readonly pieces: Iterator<unknown, unknown>;
}

/** A value with at least this many elements is taken in steps. */
const largeElements = 256;
/** A string with at least this many bytes is taken in steps. */
const largeBytes = 256 * 1024;
const rawString = record.valueType.string | (record.encoding.raw << 4);
/** Buckets of an index between two looks at the clock. Most buckets have one record or none. */
const bucketsPerLook = 8;

/**
 * The dataset as it is at one moment, while it goes on changing. Every record has a mark, and each snapshot changes the
 * current mark. A walk through the indexes takes the records with the old mark. A record that is about to change is
 * taken first. New records have the new mark from the start. So each record is taken once, as it was at that moment.
 *
 * A large record would take long. When it is removed, the snapshot keeps it aside and frees it later. When its expiry
 * changes, the snapshot remembers the old one. A client that changes its elements should wait until `takeNext` is false.
 */
export class Snapshot implements SnapshotInProgress {
  /** A command that may change data is running: records that it looks up are taken first. */
  writing = false;
  /** Records taken so far. */
  taken = 0;
  /**
   * The error that the sink threw; it got no further records. The command that changed the data must not fail because
   * of it.
   */
  failure: Error | undefined;
  /** Called when a large value has been taken that a client may wait for. */
  onTaken: () => void = () => {};
  readonly #keyspace: Keyspace;
  readonly #sources: Source[] = [];
  readonly #sourceOf = new Map<RecordIndex, Source>();
  #sink: SnapshotSink;
  #next = 0;
  #large: LargeInPieces | undefined;
  /** The first large record of the bucket that the walk visits; 0 for none. */
  #foundLarge: Address = 0;
  /** Large records that are taken before the walk goes on, in this order. */
  readonly #urgent = new Map<Address, LargeRecord>();
  /** How many of them are removed. */
  #removed = 0;
  /** The expiries of large records at the moment of the snapshot, where they have changed. */
  readonly #expiries = new Map<Address, number>();

  /** Begins a snapshot of this moment. No other snapshot may be in progress. */
  constructor(keyspace: Keyspace, sink: SnapshotSink) {
    if (keyspace.snapshot !== undefined) throw new Error("a snapshot is under way");
    this.#keyspace = keyspace;
    this.#sink = sink;
    for (const { number, keys, expires } of keyspace.databases) {
      if (keys.size === 0) continue;
      const source = { number, keys, size: keys.size, expiring: expires.size, cursor: 0, done: false };
      this.#sources.push({ ...source, flushed: undefined });
    }
    for (const source of this.#sources) this.#sourceOf.set(source.keys, source);
    keyspace.heap.turnMark();
    keyspace.snapshot = this;
  }

  /** Number, keys and keys with an expiry of each database that is not empty. */
  get databases(): readonly { readonly number: number; readonly size: number; readonly expiring: number }[] {
    return this.#sources;
  }

  /** The number of records to take. */
  get total(): number {
    return this.#sources.reduce((total, { size }) => total + size, 0);
  }

  /** To be called before a record changes or is removed. `keys` is the index that contains the record. */
  preserve(keys: RecordIndex, address: Address): void {
    const source = this.#sourceOfUntaken(keys, address);
    if (source === undefined) return;
    if (this.#large?.address === address) this.#finishLarge();
    else this.#take(source.number, address);
  }

  /** The keys to which a record belongs that the snapshot has still to take. */
  #sourceOfUntaken(keys: RecordIndex, address: Address): Source | undefined {
    // An index that was created later has no records of that moment.
    return record.isMarked(this.#keyspace.heap, address) ? undefined : this.#sourceOf.get(keys);
  }

  keepRemoved(keys: RecordIndex, address: Address): boolean {
    const source = this.#sourceOfUntaken(keys, address);
    if (source === undefined) return false;
    if (this.#large?.address === address) this.#large.isRemoved = true;
    else if (this.#isLarge(address)) this.#urgent.set(address, { number: source.number, isRemoved: true });
    else return false;
    this.#removed++;
    return true;
  }

  keepExpiry(keys: RecordIndex, address: Address): boolean {
    const { heap } = this.#keyspace;
    // A string is not worth it: its bytes move with its expiry.
    if (record.encodingOf(heap, address) < record.encoding.object) return false;
    if (this.#sourceOfUntaken(keys, address) === undefined) return false;
    if (this.#large?.address === address) return true;
    if (!this.#isLarge(address)) return false;
    this.#expiries.set(address, this.#expiryOf(address));
    return true;
  }

  #expiryOf(address: Address): number {
    const { heap } = this.#keyspace;
    return this.#expiries.get(address) ?? (record.hasExpiry(heap, address) ? record.expiryOf(heap, address) : noExpiry);
  }

  moved(from: Address, to: Address): void {
    record.unmark(this.#keyspace.heap, to);
    if (this.#large?.address === from) {
      this.#large.address = to;
      return;
    }
    this.#expiries.set(to, this.#expiryOf(from));
    this.#expiries.delete(from);
    const urgent = this.#urgent.get(from);
    if (urgent === undefined) return;
    this.#urgent.delete(from);
    this.#urgent.set(to, urgent);
  }

  takeNext(keys: RecordIndex, address: Address): boolean {
    const source = this.#sourceOfUntaken(keys, address);
    if (source === undefined) return false;
    if (this.#large?.address === address) return true;
    if (!this.#isLarge(address)) return false;
    if (!this.#urgent.has(address)) this.#urgent.set(address, { number: source.number, isRemoved: false });
    return true;
  }

  takeUrgent(spent: () => boolean): boolean {
    const isAny = this.#large !== undefined || this.#urgent.size > 0;
    while (this.#stepLarge()) if (spent()) break;
    return isAny;
  }

  takeRemoved(spent: () => boolean): boolean {
    if (this.#removed === 0) return false;
    do this.#stepLarge();
    while (this.#removed > 0 && !spent());
    return true;
  }

  #take(number: number, address: Address): void {
    const expiryMs = this.#expiryOf(address);
    this.#forget(address);
    record.mark(this.#keyspace.heap, address);
    try {
      this.#sink.record(number, address, expiryMs);
    } catch (error) {
      this.#fail(error);
    }
    this.taken++;
  }

  #fail(error: unknown): void {
    this.failure ??= error instanceof Error ? error : new Error(String(error));
    this.#sink = noSink;
  }

  #forget(address: Address): void {
    if (this.#expiries.size > 0) this.#expiries.delete(address);
    if (this.#urgent.size > 0) this.#urgent.delete(address);
  }

  /**
   * Begins a large record and takes its first piece, because afterwards the record may move, and may get another expiry.
   */
  #begin(address: Address, { number, isRemoved }: LargeRecord): void {
    const expiryMs = this.#expiryOf(address);
    this.#forget(address);
    const pieces = this.#sink.pieces(number, address, expiryMs);
    this.#large = { number, isRemoved, address, pieces };
    this.#nextPiece(pieces);
  }

  /** Takes the next piece of a large record; false when none is begun or urgent. */
  #stepLarge(): boolean {
    if (this.#large !== undefined) {
      this.#nextPiece(this.#large.pieces);
      return true;
    }
    if (this.#urgent.size === 0) return false;
    for (const [address, urgent] of this.#urgent) {
      this.#begin(address, urgent);
      return true;
    }
    return false;
  }

  #finishLarge(): void {
    while (this.#large !== undefined) this.#nextPiece(this.#large.pieces);
  }

  #nextPiece(pieces: Iterator<unknown, unknown>): void {
    let isOver = true;
    try {
      isOver = pieces.next().done === true;
    } catch (error) {
      this.#fail(error);
    }
    if (isOver) this.#endLarge();
  }

  #endLarge(): void {
    const { address, isRemoved } = this.#large as LargeInPieces;
    this.#large = undefined;
    this.taken++;
    if (isRemoved) {
      this.#removed--;
      freeRecord(this.#keyspace, address);
    } else {
      record.mark(this.#keyspace.heap, address);
    }
    this.onTaken();
  }

  /** Offers the keys of a flushed database. True when the snapshot still needs them: then the snapshot frees them. */
  keepFlushed(keys: RecordIndex, release: ObjectValue): boolean {
    const source = this.#sourceOf.get(keys);
    if (source === undefined || source.done) return false;
    source.flushed = release;
    return true;
  }

  /** Takes records until all are taken (true) or `spent()` is true (false). */
  step(spent: () => boolean): boolean {
    for (;;) {
      if (!this.#stepLarge() && !this.#walk()) {
        if (this.#keyspace.snapshot === this) this.#keyspace.snapshot = undefined;
        return true;
      }
      if (spent()) return false;
    }
  }

  /** Visits some buckets; false at the end. */
  #walk(): boolean {
    const source = this.#sources[this.#next];
    if (source === undefined) return false;
    // A bucket with a large value ends the round. The bucket is visited again when that value has been taken.
    for (let buckets = 0; buckets < bucketsPerLook; buckets++) {
      const cursor = source.keys.scan(source.cursor, this.#visit);
      const found = this.#foundLarge;
      if (found !== 0) {
        this.#foundLarge = 0;
        this.#begin(found, { number: source.number, isRemoved: false });
        return true;
      }
      source.cursor = cursor;
      if (cursor === 0) {
        this.#finish(source);
        break;
      }
    }
    return true;
  }

  /** What the walk does with a record. One function for all buckets, because each one would be garbage. */
  readonly #visit = (address: Address): void => {
    if (record.isMarked(this.#keyspace.heap, address)) return;
    if (!this.#isLarge(address)) this.#take((this.#sources[this.#next] as Source).number, address);
    else if (this.#foundLarge === 0) this.#foundLarge = address;
  };

  #isLarge(address: Address): boolean {
    const { heap, objects } = this.#keyspace;
    if (record.encodingOf(heap, address) < record.encoding.object) {
      return record.kindOf(heap, address) === rawString && record.valueLengthOf(heap, address) >= largeBytes;
    }
    return objects.get(record.valueLengthOf(heap, address)).size >= largeElements;
  }

  #finish(source: Source): void {
    source.done = true;
    this.#next++;
    if (source.flushed !== undefined) this.#keyspace.releaseLater(source.flushed);
    source.flushed = undefined;
  }

  /** The rest is not needed. The walk continues nevertheless, because every record must get the new mark. */
  drop(): void {
    this.#sink = noSink;
    if (this.#large !== undefined) this.#endLarge();
  }
}

const noSink: SnapshotSink = { record: () => {}, pieces: () => [][Symbol.iterator]() };
