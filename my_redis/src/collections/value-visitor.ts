import type { ElementRun } from "../values/element-run.ts";
import type { Count64 } from "../values/stream/count-64.ts";
import type { StreamId } from "../values/stream/stream-id.ts";
import type { ByteRange } from "../memory/byte-range.ts";

export type CollectionType = "list" | "set" | "sortedSet" | "hash" | "stream";
/** Collections that may be packed: as elements, or as elements in pairs. */
export type PackedType = Exclude<CollectionType, "stream">;

/**
 * The table of a large collection, for a loader that writes its records. What it has written are entries of four words:
 * the hash of the name, the address of the record, and the score as a double.
 */
export interface LoadedTable {
  /** Fields with values 2, members 1, members with scores 8. */
  readonly width: 1 | 2 | 8;
  /**
   * Adds entries from `first` on, up to one whose name may be there already, because another one has the same hash.
   * Gives the number of added entries. `scores` has the same memory as `words`.
   */
  addNew(words: Int32Array, scores: Float64Array, first: number, count: number): number;
  /** Adds one entry; false when its name is there already. */
  addDistinct(words: Int32Array, scores: Float64Array, entry: number): boolean;
  /**
   * To be called after `count` entries were added, whose records take `bytes` of the heap. `isDescending`: their scores, and
   * where scores are equal the members, are known to be in descending order.
   */
  added(count: number, bytes: number, isDescending: boolean): void;
  /** To be called after the last entry. */
  finish(): void;
}

/** The nodes of a large list or of a stream, for a loader that writes the blocks of their elements. */
export interface LoadedNodes {
  /** The number of elements or entries that were added. */
  readonly entries: number;
  /**
   * Adds nodes at the end. Those of a list have four words each: address, start and end of the elements in the block, and
   * their number. Those of a stream have eight: four of the id, address, length, number of entries that are not deleted,
   * and one that is not used. The blocks take `bytes` of the heap.
   */
  add(words: Int32Array, count: number, bytes: number): void;
}

export const wordsPerEntry = 4;

/**
 * A decoder calls this with the pieces of a value. Ranges stay valid until the decoder returns, ids during the call. A
 * decoder may find invalid bytes after any piece: then the pieces before must be dropped.
 */
export interface ValueVisitor {
  string(value: ByteRange): void;
  /** A string of `length` bytes, more than an integer or a short string has. Gives where the decoder writes its content. */
  longString(length: number): ByteRange;
  /**
   * A whole collection instead of `begin` and its pieces, as elements that have been checked. False when it cannot be
   * stored in this form: then nothing has changed, and the pieces follow.
   */
  packed(type: PackedType, run: ElementRun): boolean;
  /** As `packed`, for a set of integers of 2, 4 or 8 bytes each. There is at least one. */
  integers(width: number, range: ByteRange): boolean;
  /** Called before the pieces of a collection. The dump announces `count` pieces, which may be false. */
  begin(type: CollectionType, count: number): void;
  /**
   * Between the pieces of a hash, set or sorted set: the table for them, if it is clear from the announced number that
   * the collection is large. It takes pieces besides the methods below.
   */
  table(): LoadedTable | undefined;
  /** Some next elements of a list, which have been checked. */
  elements(run: ElementRun): void;
  /**
   * Before the first element of a list: its nodes, of which there are several. As in Redis, it stays a list of nodes then,
   * even if its elements would fit into one.
   */
  listNodes(): LoadedNodes;
  /** The next element of a list. */
  element(element: ByteRange): void;
  /** The next member of a set. False for a repeated one, which makes the whole value invalid. */
  member(member: ByteRange): boolean;
  /** As `member`, for a sorted set. */
  scoredMember(member: ByteRange, score: number): boolean;
  /** As `member`, for a hash. `timeMs`: the moment at which the field expires, Unix milliseconds; 0 for never. */
  field(name: ByteRange, value: ByteRange, timeMs: number): boolean;
  /** Between the entries of a stream: its nodes. */
  streamNodes(): LoadedNodes;
  /** The next block of a stream, which has been checked, instead of its entries. */
  streamBlock(block: StreamBlock): void;
  /** The next entry of a stream, in the order of the ids. `fields` are names and values in turn. */
  entry(id: StreamId, fields: readonly ByteRange[]): void;
  /** Called after the entries. */
  streamState(state: StreamState): void;
  /** Called after the state. The groups have different names, and so have the consumers of each group. */
  group(group: StreamGroup): void;
}

/** Consecutive entries of a stream: see values/stream/block-reader.ts. */
export interface StreamBlock {
  readonly id: StreamId;
  readonly run: ElementRun;
  /** The number of entries that are not deleted, and the id of the first of them. */
  readonly length: number;
  readonly firstId: StreamId;
}

/** The state of a stream besides its entries. */
export interface StreamState {
  readonly length: number;
  readonly lastId: StreamId;
  readonly maxDeletedId: StreamId;
  /** Undefined in old dumps, which do not contain it. */
  readonly entriesAdded: Count64 | undefined;
}

export interface StreamGroup {
  /** One character per byte. */
  readonly name: string;
  readonly lastId: StreamId;
  /** Undefined in old dumps, which do not contain it; -1 when it is unknown. */
  readonly entriesRead: Count64 | undefined;
  readonly consumers: readonly StreamConsumer[];
}

export interface StreamConsumer {
  /** One character per byte. */
  readonly name: string;
  /** Unix milliseconds. */
  readonly seenMs: number;
  /** Unix milliseconds; -1 for never. */
  readonly activeMs: number;
  readonly pending: readonly PendingEntry[];
}

export interface PendingEntry {
  readonly id: StreamId;
  /** Unix milliseconds. */
  readonly deliveredMs: number;
  readonly deliveries: Count64;
}
