import type { ElementRun } from "../values/element-run.ts";
import type { Count64 } from "../values/stream/count-64.ts";
import type { StreamId } from "../values/stream/stream-id.ts";
import type { ByteRange } from "../memory/byte-range.ts";

export type CollectionType = "list" | "set" | "sortedSet" | "hash" | "stream";
/** Collections that may be packed: as elements, or as elements in pairs. */
export type PackedType = Exclude<CollectionType, "stream">;

/**
 * What a decoder tells of a value, piece by piece. Ranges stay as they are until the decoder returns; ids are lent for
 * the call. A decoder that finds the bytes to be wrong may do so after any piece: what came before is to be dropped.
 */
export interface ValueVisitor {
  string(value: ByteRange): void;
  /**
   * A whole collection in the place of `begin` and its pieces, as elements that have been checked. False when it cannot
   * be taken in this form: then nothing has happened, and the pieces are to follow.
   */
  packed(type: PackedType, run: ElementRun): boolean;
  /** As `packed`, a set of integers of 2, 4 or 8 bytes each, of which there is at least one. */
  integers(width: number, range: ByteRange): boolean;
  /** Comes before the pieces of a collection. `count` pieces are announced, which need not be true. */
  begin(type: CollectionType, count: number): void;
  /** The next element of a list. */
  element(element: ByteRange): void;
  /** The next member of a set. False when it has come before, which makes the whole value invalid. */
  member(member: ByteRange): boolean;
  /** As `member`, for a sorted set. */
  scoredMember(member: ByteRange, score: number): boolean;
  /** As `member`, for a hash. `timeMs`: the moment at which the field expires, Unix milliseconds; 0 for never. */
  field(name: ByteRange, value: ByteRange, timeMs: number): boolean;
  /** The next entry of a stream, in the order of the ids; names and values of fields in turn. */
  entry(id: StreamId, fields: readonly ByteRange[]): void;
  /** Comes after the entries. */
  streamState(state: StreamState): void;
  /** Comes after the state. The names of the groups differ, and so do the names of each group's consumers. */
  group(group: StreamGroup): void;
}

/** What a stream knows besides its entries. */
export interface StreamState {
  readonly length: number;
  readonly lastId: StreamId;
  readonly maxDeletedId: StreamId;
  /** Undefined in dumps that are too old to say it. */
  readonly entriesAdded: Count64 | undefined;
}

export interface StreamGroup {
  /** One character per byte. */
  readonly name: string;
  readonly lastId: StreamId;
  /** Undefined in dumps that are too old to say it; -1 where it cannot be told. */
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
