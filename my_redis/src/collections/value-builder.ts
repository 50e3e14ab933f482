import { Context } from "../dispatch/context.ts";
import { Database } from "../keyspace/database.ts";
import type { Address } from "../memory/heap.ts";
import type { ByteRange } from "../memory/byte-range.ts";
import { RdbFormatError } from "../persistence/rdb/rdb-format-error.ts";
import type {
  CollectionType,
  PackedType,
  StreamConsumer,
  StreamGroup,
  StreamState,
  ValueVisitor,
} from "../persistence/rdb/value-visitor.ts";
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
import { createList, type ListValue } from "./list-value.ts";
import { createSet, SetValue } from "./set-value.ts";
import { createSortedSet, type SortedSetValue } from "./sorted-set-value.ts";
import { createStream } from "./stream-value.ts";
import { storeRange } from "./string-value.ts";
import { storeIntegers, storePacked } from "./store-packed.ts";

const element = new PackedElement();
const place = new IdPlace();

/**
 * Makes a value of what a decoder tells, in the form that the settings ask for, at a key that must not exist: argument
 * 1, in the database of the context. `restart` makes it ready for the next value.
 */
export class ValueBuilder implements ValueVisitor {
  readonly #context: Context;
  readonly #args: Arguments;
  #expected = 0;
  #list: ListValue | undefined;
  #set: SetValue | undefined;
  #sortedSet: SortedSetValue | undefined;
  #hash: HashValue | undefined;
  #stream: Stream | undefined;

  constructor(context: Context, args: Arguments) {
    this.#context = context;
    this.#args = args;
  }

  /** Forgets the last value: the key has changed. */
  restart(): void {
    this.#set = undefined;
  }

  string({ bytes, start, end }: ByteRange): void {
    const { buffer } = this.#args;
    const key = { bytes: buffer, start: this.#args.start(1), end: this.#args.end(1) };
    storeRange(this.#context.database, key, { bytes, start, end });
  }

  packed(type: PackedType, run: ElementRun): boolean {
    return storePacked(this.#context, this.#args, type, run);
  }

  integers(width: number, range: ByteRange): boolean {
    return storeIntegers(this.#context, this.#args, width, range);
  }

  begin(type: CollectionType, count: number): void {
    this.#expected = count;
    if (type === "list") this.#list = createList(this.#context, this.#args, 1, 0);
    else if (type === "sortedSet") this.#sortedSet = createSortedSet(this.#context, this.#args, 1);
    else if (type === "hash") this.#hash = openHash(this.#context, this.#args);
    else if (type === "stream") this.#stream = createStream(this.#context.database, this.#args, 1);
  }

  element({ bytes, start, end }: ByteRange): void {
    const list = this.#list as ListValue;
    element.setBytes(bytes, start, end);
    list.growBy(element.size, 1);
    list.push("tail", element);
  }

  member(member: ByteRange): void {
    // In which form a set begins hangs on its first member.
    this.#set ??= createSet(this.#context, this.#args, 1, { member, count: this.#expected }, new SetValue());
    if (!this.#set.add(member.bytes, member.start, member.end)) throw twice("member");
  }

  scoredMember({ bytes, start, end }: ByteRange, score: number): void {
    const set = this.#sortedSet as SortedSetValue;
    if (set.find(bytes, start, end)) throw twice("member");
    set.add(bytes, start, end, score);
  }

  field(name: ByteRange, value: ByteRange, timeMs: number): void {
    const hash = this.#hash as HashValue;
    const isNew = hash.set(name.bytes, name.start, name.end, value.bytes, value.start, value.end);
    if (!isNew) throw twice("field");
    if (timeMs !== 0) hash.setTime(name.bytes, name.start, name.end, timeMs);
  }

  entry(id: StreamId, fields: readonly ByteRange[]): void {
    const source = Arguments.from(fields.map(({ bytes, start, end }) => bytes.subarray(start, end)));
    (this.#stream as Stream).append(id, source, 0, source.count, this.#blockLimits);
  }

  get #blockLimits(): BlockLimits {
    const { values } = this.#context.server.settings;
    return { maxBytes: values["stream-node-max-bytes"], maxEntries: values["stream-node-max-entries"] };
  }

  streamState({ length, lastId, maxDeletedId, entriesAdded }: StreamState): void {
    const stream = this.#stream as Stream;
    stream.lastId.copy(lastId);
    stream.maxDeletedId.copy(maxDeletedId);
    stream.entriesAdded = entriesAdded ?? length;
  }

  group({ name, lastId, entriesRead, consumers }: StreamGroup): void {
    const stream = this.#stream as Stream;
    if (stream.group(name) !== undefined) throw twice("group");
    stream.addGroup(name, lastId, entriesRead ?? stream.positionOf(lastId));
    const group = stream.group(name) as ConsumerGroup;
    for (const consumer of consumers) addConsumer(group, consumer);
  }
}

/** Makes a value apart from all keys: nothing can be seen of it before `moveTo`, and `discard` leaves no trace. */
export class DetachedValueBuilder extends ValueBuilder {
  /** A database of its own, in which the value grows. */
  readonly #database: Database;
  readonly #key: Uint8Array;

  constructor({ server, client, keyspace }: Context, key: Uint8Array) {
    const context = new Context(server, client);
    const database = new Database(keyspace, client.database);
    database.createsSilently = true;
    context.database = database;
    super(context, Arguments.from(["", key]));
    this.#database = database;
    this.#key = key;
  }

  /** Gives the value to its key in a database, which must have none there. */
  moveTo(target: Database): Address {
    const key = this.#key;
    const moved = this.#database.moveValue(this.#database.find(key, 0, key.length), target, key, 0, key.length);
    this.#database.dispose();
    return moved;
  }

  discard(): void {
    this.#database.flush();
    this.#database.dispose();
  }
}

function addConsumer(group: ConsumerGroup, { name, seenMs, activeMs, pending }: StreamConsumer): void {
  if (group.consumer(name) !== undefined) throw twice("consumer");
  const consumer: Consumer = group.addConsumer(name, seenMs);
  consumer.activeMs = activeMs;
  for (const { id, deliveredMs, deliveries } of pending) {
    group.add(id, consumer, place);
    group.pending.setDeliveredMs(place, deliveredMs);
    group.pending.setDeliveries(place, deliveries);
  }
}

const twice = (what: string): RdbFormatError => new RdbFormatError(`a ${what} that comes twice`);
