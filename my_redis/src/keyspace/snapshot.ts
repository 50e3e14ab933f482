import type { Address } from "../memory/heap.ts";
import type { Keyspace } from "./keyspace.ts";
import type { SnapshotInProgress } from "./snapshot-in-progress.ts";
import type { ObjectValue } from "../memory/object-table.ts";
import type { RecordIndex } from "../memory/record-index.ts";
import * as record from "../memory/record.ts";

/** The receiver of a snapshot's records. It gets each record once, in no particular order. */
export interface SnapshotSink {
  /** Takes a record of the database with this number at once. */
  record(database: number, address: Address): void;
  /**
   * Takes a large record in steps, a piece in each. Until its end, no other record may follow, except those that
   * `record` takes meanwhile.
   */
  pieces(database: number, address: Address): Iterator<unknown, unknown>;
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

/** A value with at least this many elements is taken in steps. */
const largeElements = 256;
/** A string with at least this many bytes is taken in steps. */
const largeBytes = 256 * 1024;
const rawString = record.valueType.string | (record.encoding.raw << 4);
/** Buckets of an index between two looks at the clock. Most buckets have one record or none. */
const bucketsPerLook = 32;

/**
 * The dataset as it is at one moment, while it goes on changing. Every record has a mark, and each snapshot changes the
 * current mark. A walk through the indexes takes the records with the old mark. A record that is about to change is
 * taken first. New records have the new mark from the start. So each record is taken once, as it was at that moment,
 * and a client waits for at most one record.
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
  readonly #keyspace: Keyspace;
  readonly #sources: Source[] = [];
  readonly #sourceOf = new Map<RecordIndex, Source>();
  #sink: SnapshotSink;
  #next = 0;
  #large: { readonly address: Address; readonly pieces: Iterator<unknown, unknown> } | undefined;

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
    if (record.isMarked(this.#keyspace.heap, address)) return;
    const source = this.#sourceOf.get(keys);
    // An index that was created later has no records of that moment.
    if (source === undefined) return;
    if (this.#large?.address === address) {
      this.#finishLarge();
      return;
    }
    this.#take(source.number, address);
  }

  #take(number: number, address: Address): void {
    record.mark(this.#keyspace.heap, address);
    try {
      this.#sink.record(number, address);
    } catch (error) {
      this.#fail(error);
    }
    this.taken++;
  }

  #fail(error: unknown): void {
    this.failure ??= error instanceof Error ? error : new Error(String(error));
    this.#sink = noSink;
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
    record.mark(this.#keyspace.heap, this.#large?.address as Address);
    this.#large = undefined;
    this.taken++;
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
      if (this.#large !== undefined) {
        this.#nextPiece(this.#large.pieces);
      } else if (!this.#walk()) {
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
    const { heap } = this.#keyspace;
    const large: Address[] = [];
    const visit = (address: Address): void => {
      if (record.isMarked(heap, address)) return;
      if (this.#isLarge(address)) large.push(address);
      else this.#take(source.number, address);
    };
    // A bucket with a large value ends the round. The bucket is visited again when that value has been taken.
    for (let buckets = 0; buckets < bucketsPerLook; buckets++) {
      const cursor = source.keys.scan(source.cursor, visit);
      const [first] = large;
      if (first !== undefined) {
        this.#large = { address: first, pieces: this.#sink.pieces(source.number, first) };
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
    this.#finishLarge();
    this.#sink = noSink;
  }
}

const noSink: SnapshotSink = { record: () => {}, pieces: () => [][Symbol.iterator]() };
