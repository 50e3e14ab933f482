import type { Address } from "../memory/heap.ts";
import type { Keyspace } from "./keyspace.ts";
import type { SnapshotInProgress } from "./snapshot-in-progress.ts";
import type { ObjectValue } from "../memory/object-table.ts";
import type { RecordIndex } from "../memory/record-index.ts";
import * as record from "../memory/record.ts";

/** Where a snapshot puts the records that it meets. Told once of each record, in no order. */
export interface SnapshotSink {
  /** Takes a record of the database of this number at once. */
  record(database: number, address: Address): void;
  /**
   * Takes a record that is large bit by bit: a piece for each step. No other record may follow it before its end, but
   * for what `record` takes meanwhile.
   */
  pieces(database: number, address: Address): Iterator<unknown, unknown>;
}

/** The keys of one database as they were when the snapshot began, whatever database they belong to by now. */
interface Source {
  readonly number: number;
  readonly keys: RecordIndex;
  readonly size: number;
  readonly expiring: number;
  cursor: number;
  done: boolean;
  /** Keys that were flushed meanwhile: to be freed once the snapshot has them. */
  flushed: ObjectValue | undefined;
}

/** A value of as many elements is taken bit by bit. */
const largeElements = 256;
/** A string of as many bytes. */
const largeBytes = 256 * 1024;
const rawString = record.valueType.string | (record.encoding.raw << 4);
/** Buckets of an index, most of which hold one record or none, between two looks at the clock. */
const bucketsPerLook = 32;

/**
 * The dataset as it is at one moment, while it goes on changing. Every record carries a mark that turns with each
 * snapshot: a walk through the indexes takes those that do not bear the new one, and whoever is about to change one
 * has it taken first. New records bear it from the start. So each record is taken once, as it was at that moment, and
 * nobody waits for more than one record.
 */
export class Snapshot implements SnapshotInProgress {
  /** A command that may change data runs: what it looks up is taken first. */
  writing = false;
  /** Records taken so far. */
  taken = 0;
  /** What the sink threw: the rest was not offered to it. Whoever changes data is not to suffer from it. */
  failure: Error | undefined;
  readonly #keyspace: Keyspace;
  readonly #sources: Source[] = [];
  readonly #sourceOf = new Map<RecordIndex, Source>();
  #sink: SnapshotSink;
  #next = 0;
  #large: { readonly address: Address; readonly pieces: Iterator<unknown, unknown> } | undefined;

  /** Begins: the moment is now. No other snapshot may be under way. */
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

  /** Records in all. */
  get total(): number {
    return this.#sources.reduce((total, { size }) => total + size, 0);
  }

  /** To be called before a record changes or goes; `keys`: the index that it stands in. */
  preserve(keys: RecordIndex, address: Address): void {
    if (record.isMarked(this.#keyspace.heap, address)) return;
    const source = this.#sourceOf.get(keys);
    // An index that came later holds nothing of before.
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

  /** Keys that belong to no database any more: true when the snapshot needs them, and frees them when it has them. */
  keepFlushed(keys: RecordIndex, release: ObjectValue): boolean {
    const source = this.#sourceOf.get(keys);
    if (source === undefined || source.done) return false;
    source.flushed = release;
    return true;
  }

  /** Takes records until all are taken (true) or `spent()` says that the time is over (false). */
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

  /** Visits some buckets; false when there are none left. */
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
    // A bucket with a large value ends the round, and is visited again once that has been taken.
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

  /** Nobody wants the rest. The walk has to go on all the same, for the marks, and only that. */
  drop(): void {
    this.#finishLarge();
    this.#sink = noSink;
  }
}

const noSink: SnapshotSink = { record: () => {}, pieces: () => [][Symbol.iterator]() };
