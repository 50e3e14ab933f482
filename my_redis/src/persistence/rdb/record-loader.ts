import { type LoadedNodes, type LoadedTable, wordsPerEntry } from "../../collections/value-visitor.ts";
import type { Database } from "../../keyspace/database.ts";
import type { KeyspaceCore } from "../../keyspace/keyspace-core.ts";
import { loadedEntries, loaderState, maxLoaded, resultWords } from "../../memory/kernels/kernel-memory.ts";
import type { RecordIndex } from "../../memory/record-index.ts";
import { StagedPages } from "../../memory/staged-pages.ts";
import { putId, takeId } from "../../values/stream/block-check.ts";
import type { StreamId } from "../../values/stream/stream-id.ts";
import { repeated } from "./rdb-format-error.ts";
import {
  areDescending,
  entryScores,
  entryWords,
  lastBlockBytes,
  nextPlace,
  rdbKernel,
  setPlace,
  setRecordsState,
} from "./rdb-kernel.ts";
import type { RdbReader } from "./rdb-reader.ts";

/** Places of an entry's words. */
const hashWord = 0;
const addressWord = 1;
const expiryWord = 2;
const placeWord = 3;
/** Where the kernel finds the id of the last entry of a stream, as a word. */
const resultIds = resultWords / 4 + 4;

/**
 * Loads keys, and elements of large collections, many at a time: a kernel reads them and writes their records, and what
 * is left to do here is to add them to indexes. It takes only what needs no decision. Everything else, and everything
 * that is wrong, is left to the loader that reads key by key.
 */
export class RecordLoader {
  readonly #keyspace: KeyspaceCore;
  readonly #pages: StagedPages;
  readonly #kernel: ReturnType<typeof rdbKernel>;

  /** Keys that expire up to `expiredUntilMs`, Unix milliseconds, are left to the caller. */
  constructor(keyspace: KeyspaceCore, expiredUntilMs: number) {
    this.#keyspace = keyspace;
    this.#pages = new StagedPages(keyspace.heap);
    this.#kernel = rdbKernel(this.#pages.open);
    setRecordsState(keyspace, expiredUntilMs);
  }

  /**
   * Reads keys into a database until one comes that is left to the caller; gives their number. `repeatedAt` is called
   * with the place of a key that is already there.
   */
  keys(reader: RdbReader, database: Database, repeatedAt: (place: number) => never): number {
    let total = 0;
    for (let count = maxLoaded; count === maxLoaded; total += count) {
      setPlace(reader.at, reader.end);
      count = this.#kernel.keys(loaderState, loadedEntries, maxLoaded);
      reader.at = nextPlace();
      this.#addKeys(database.keys, count, repeatedAt);
      this.#addExpiring(database.expires, count);
    }
    if (total > 0) this.#pages.sync();
    return total;
  }

  #addKeys(index: RecordIndex, count: number, repeatedAt: (place: number) => never): void {
    for (let done = 0; done < count; done++) {
      done += index.addNew(entryWords, done * wordsPerEntry, count - done, wordsPerEntry);
      if (done === count) return;
      // Another key with the same hash, or the same key once more.
      const at = done * wordsPerEntry;
      const hash = entryWords[at + hashWord] as number;
      const address = entryWords[at + addressWord] as number;
      this.#pages.sync();
      if (index.hasKeyOf(hash, address)) {
        this.#drop(done, count);
        repeatedAt(entryWords[at + placeWord] as number);
      }
      index.insert(hash, address);
    }
  }

  /** Moves hashes and addresses of the keys that expire to the front of the entries, whose other words are lost by that. */
  #addExpiring(index: RecordIndex, count: number): void {
    let end = 0;
    for (let at = 0; at < count * wordsPerEntry; at += wordsPerEntry) {
      if (entryWords[at + expiryWord] === 0) continue;
      entryWords[end] = entryWords[at + hashWord] as number;
      entryWords[end + 1] = entryWords[at + addressWord] as number;
      end += 2;
    }
    for (let at = 0; at < end; at += 2) {
      at += index.addNew(entryWords, at, (end - at) / 2, 2) * 2;
      // Another key with the same hash.
      if (at < end) index.insert(entryWords[at] as number, entryWords[at + 1] as number);
    }
  }

  /**
   * Reads up to `left` elements of a large collection into its table, until one comes that is left to the caller; gives
   * their number. Throws RdbFormatError for an element that is there twice.
   */
  elements(reader: RdbReader, table: LoadedTable, left: number): number {
    const room = Math.min(left, maxLoaded);
    setPlace(reader.at, reader.end);
    const count = this.#kernel.elements(loaderState, loadedEntries, room, table.width);
    reader.at = nextPlace();
    for (let done = 0; done < count; done++) {
      done += table.addNew(entryWords, entryScores, done, count - done);
      if (done === count) break;
      this.#pages.sync();
      if (!table.addDistinct(entryWords, entryScores, done)) {
        this.#drop(done, count);
        throw repeated(table.width === 2 ? "field" : "member");
      }
    }
    if (count > 0) {
      this.#pages.sync();
      table.added(count, lastBlockBytes(), areDescending());
    }
    return count;
  }

  /**
   * Reads up to `left` nodes of a large list or of a stream, until one comes that is left to the caller; gives their
   * number. Nodes of a stream have entries after `lastId`, which is then the id of the last one.
   */
  nodes(reader: RdbReader, nodes: LoadedNodes, left: number, lastId: StreamId | undefined): number {
    setPlace(reader.at, reader.end);
    let count: number;
    if (lastId === undefined) {
      count = this.#kernel.listNodes(loaderState, loadedEntries, Math.min(left, maxLoaded));
    } else {
      putId(resultIds, lastId);
      count = this.#kernel.streamNodes(loaderState, loadedEntries, Math.min(left, maxLoaded / 2));
      takeId(resultIds, lastId);
    }
    reader.at = nextPlace();
    if (count > 0) {
      this.#pages.sync();
      nodes.add(entryWords, count, lastBlockBytes());
    }
    return count;
  }

  /** Frees the records from an entry on. */
  #drop(from: number, count: number): void {
    const { heap } = this.#keyspace;
    this.#pages.close();
    for (let entry = from; entry < count; entry++) heap.free(entryWords[entry * wordsPerEntry + addressWord] as number);
  }

  /** To be called at the end, however it came: until then, the heap does not know the last records. */
  close(): void {
    this.#pages.close();
  }
}
