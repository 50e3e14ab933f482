import { Database } from "../keyspace/database.ts";
import type { Address } from "../memory/heap.ts";
import { type ByteRange, emptyRange, viewOf } from "../memory/byte-range.ts";
import type {
  CollectionType,
  LoadedNodes,
  LoadedTable,
  PackedType,
  StreamBlock,
  StreamConsumer,
  StreamGroup,
  StreamState,
  ValueVisitor,
} from "./value-visitor.ts";
import { Arguments } from "../protocol/arguments.ts";
import type { ElementRun } from "../values/element-run.ts";
import { PackedElement } from "../values/packed-element.ts";
import type { Consumer, ConsumerGroup } from "../values/stream/consumer-group.ts";
import { IdPlace } from "../values/stream/id-map.ts";
import type { Stream } from "../values/stream/stream.ts";
import type { BlockLimits } from "../values/stream/stream-blocks.ts";
import type { StreamId } from "../values/stream/stream-id.ts";
import { openHash } from "./hash-key.ts";
import type { HashValue } from "./hash-value.ts";
import { loadedBlocks, loadedChunks, LoadedRecords, LoadedScores } from "./loaded-tables.ts";
import { createList, type ListValue } from "./list-value.ts";
import { createSet, SetValue } from "./set-value.ts";
import { createSortedSet, type SortedSetValue } from "./sorted-set-value.ts";
import { createStream } from "./stream-value.ts";
import { createString, storeRange } from "./string-value.ts";
import { storeIntegers, storePacked } from "./store-packed.ts";

const element = new PackedElement();
const place = new IdPlace();

/**
 * Builds the value that a decoder describes, in the form that the settings ask for. The key is argument 1, and must be
 * missing in the database. `restart` prepares for the next value.
 */
export class ValueBuilder implements ValueVisitor {
  #database: Database;
  readonly #args: Arguments;
  #type: CollectionType = "list";
  #expected = 0;
  #list: ListValue | undefined;
  #set: SetValue | undefined;
  #sortedSet: SortedSetValue | undefined;
  #hash: HashValue | undefined;
  #stream: Stream | undefined;

  constructor(database: Database, args: Arguments) {
    this.#database = database;
    this.#args = args;
  }

  /** Forgets the last value. The next one goes to this database, and to the key that argument 1 names by now. */
  restart(database: Database): void {
    this.#database = database;
    this.#set = undefined;
  }

  string(value: ByteRange): void {
    storeRange(this.#database, this.#args.range(1), value);
  }

  longString(length: number): ByteRange {
    return createString(this.#database, this.#args.range(1), length);
  }

  packed(type: PackedType, run: ElementRun): boolean {
    return storePacked(this.#database, this.#args, type, run);
  }

  integers(width: number, range: ByteRange): boolean {
    return storeIntegers(this.#database, this.#args, width, range);
  }

  begin(type: CollectionType, count: number): void {
    this.#type = type;
    this.#expected = count;
    if (type === "list") this.#list = createList(this.#database, this.#args, 1, 0);
    else if (type === "sortedSet") {
      this.#sortedSet = createSortedSet(this.#database, this.#args, 1);
      this.#sortedSet.expect(count);
    } else if (type === "hash") {
      this.#hash = openHash(this.#database, this.#args);
      this.#hash.expect(count);
    } else if (type === "stream") this.#stream = createStream(this.#database, this.#args, 1);
  }

  element({ bytes, start, end }: ByteRange): void {
    const list = this.#list as ListValue;
    element.setBytes(bytes, start, end);
    list.growBy(element.size, 1);
    list.push("tail", element);
  }

  table(): LoadedTable | undefined {
    if (this.#type === "hash") {
      const table = (this.#hash as HashValue).expectedTable();
      return table === undefined ? undefined : new LoadedRecords(table, 2);
    }
    if (this.#type === "set") {
      const table = this.#expectedSet()?.table;
      return table === undefined ? undefined : new LoadedRecords(table, 1);
    }
    const large = this.#type === "sortedSet" ? (this.#sortedSet as SortedSetValue).expectedLarge() : undefined;
    return large === undefined ? undefined : new LoadedScores(large, this.#expected);
  }

  /** The set, if so many members are expected that its form does not depend on what they are. */
  #expectedSet(): SetValue | undefined {
    const { "set-max-intset-entries": maxIntegers, "set-max-listpack-entries": maxPacked } =
      this.#database.keyspace.limits;
    if (this.#set === undefined && this.#expected > Math.max(maxIntegers, maxPacked)) {
      const expected = { member: emptyRange(), count: this.#expected };
      this.#set = createSet(this.#database, this.#args, 1, expected, new SetValue());
    }
    return this.#set;
  }

  listNodes(): LoadedNodes {
    return loadedChunks((this.#list as ListValue).becomeChunks());
  }

  streamNodes(): LoadedNodes {
    return loadedBlocks(this.#stream as Stream);
  }

  elements(run: ElementRun): void {
    (this.#list as ListValue).append(run);
  }

  member(member: ByteRange): boolean {
    // The first member decides which form a set has at first.
    this.#set ??= createSet(this.#database, this.#args, 1, { member, count: this.#expected }, new SetValue());
    return this.#set.add(member.bytes, member.start, member.end);
  }

  scoredMember({ bytes, start, end }: ByteRange, score: number): boolean {
    const set = this.#sortedSet as SortedSetValue;
    if (set.find(bytes, start, end)) return false;
    set.add(bytes, start, end, score);
    return true;
  }

  field(name: ByteRange, value: ByteRange, timeMs: number): boolean {
    const hash = this.#hash as HashValue;
    const isNew = hash.set(name.bytes, name.start, name.end, value.bytes, value.start, value.end);
    if (isNew && timeMs !== 0) hash.setTime(name.bytes, name.start, name.end, timeMs);
    return isNew;
  }

  streamBlock({ id, run, length, firstId }: StreamBlock): void {
    (this.#stream as Stream).appendBlock(id, run, length, firstId);
  }

  entry(id: StreamId, fields: readonly ByteRange[]): void {
    const source = Arguments.from(fields.map(viewOf));
    (this.#stream as Stream).append(id, source, 0, source.count, this.#blockLimits);
  }

  get #blockLimits(): BlockLimits {
    const { limits } = this.#database.keyspace;
    return { maxBytes: limits["stream-node-max-bytes"], maxEntries: limits["stream-node-max-entries"] };
  }

  streamState({ length, lastId, maxDeletedId, entriesAdded }: StreamState): void {
    const stream = this.#stream as Stream;
    stream.lastId.copy(lastId);
    stream.maxDeletedId.copy(maxDeletedId);
    stream.entriesAdded = entriesAdded ?? length;
  }

  group({ name, lastId, entriesRead, consumers }: StreamGroup): void {
    const stream = this.#stream as Stream;
    stream.addGroup(name, lastId, entriesRead ?? stream.positionOf(lastId));
    const group = stream.group(name) as ConsumerGroup;
    for (const consumer of consumers) addConsumer(group, consumer);
  }
}

/** Builds a value that has no key yet. `moveTo` gives it one; `discard` drops it without a trace. */
export class DetachedValueBuilder extends ValueBuilder {
  /** A database for this value alone. Commands never see it. */
  readonly #detached: Database;
  readonly #key: Uint8Array;

  constructor({ keyspace, number }: Database, key: Uint8Array) {
    const detached = new Database(keyspace, number);
    detached.createsSilently = true;
    super(detached, Arguments.from(["", key]));
    this.#detached = detached;
    this.#key = key;
  }

  /** Moves the value to its key in a database. The key must be missing there. If that fails, the value is dropped. */
  moveTo(target: Database): Address {
    const key = this.#key;
    try {
      const moved = this.#detached.moveValue(this.#detached.find(key, 0, key.length), target, key, 0, key.length);
      this.#detached.dispose();
      return moved;
    } catch (error) {
      this.discard();
      throw error;
    }
  }

  discard(): void {
    this.#detached.flush();
    this.#detached.dispose();
  }
}

function addConsumer(group: ConsumerGroup, { name, seenMs, activeMs, pending }: StreamConsumer): void {
  const consumer: Consumer = group.addConsumer(name, seenMs);
  consumer.activeMs = activeMs;
  for (const { id, deliveredMs, deliveries } of pending) {
    group.add(id, consumer, place);
    group.pending.setDeliveredMs(place, deliveredMs);
    group.pending.setDeliveries(place, deliveries);
  }
}
