import { ElementRun } from "../../values/element-run.ts";
import { checkBlock } from "../../values/stream/block-check.ts";
import { entryDeleted, entrySameFields } from "../../values/stream/block-reader.ts";
import { type Count64, count64 } from "../../values/stream/count-64.ts";
import { StreamId } from "../../values/stream/stream-id.ts";
import { type ByteRange, latin1Of } from "../../memory/byte-range.ts";
import { checkListpack, ListpackReader } from "./listpack.ts";
import { RdbFormatError, repeated } from "./rdb-format-error.ts";
import { RdbReader } from "./rdb-reader.ts";
import type { PendingEntry, StreamConsumer, StreamGroup, ValueVisitor } from "../../collections/value-visitor.ts";

const idBytes = 16;
/** The least size of a pending entry: its id, the time of its delivery, the number of deliveries. */
const pendingBytes = idBytes + 8 + 1;

const run = new ElementRun();
const firstId = new StreamId();

/**
 * Reads a stream: its nodes, its state, its groups. `version` 2 (Redis 7.0) adds counts and the highest deleted id, 3
 * (Redis 7.2) the time at which a consumer last got an entry.
 */
export function decodeStream(reader: RdbReader, visitor: ValueVisitor, version: 1 | 2 | 3): void {
  const nodes = reader.countOf(2);
  visitor.begin("stream", nodes);
  const last = new StreamId();
  let length = 0;
  const loaded = visitor.streamNodes();
  for (let left = nodes; left > 0;) {
    const taken = reader.nodes(loaded, left, last);
    left -= taken;
    if (taken > 0) continue;
    const blockId = readId(blockKey(reader.string()));
    length += decodeNode(blockId, reader.string(), last, visitor);
    reader.settle();
    left--;
  }
  length += loaded.entries;
  const announced = reader.count();
  const lastId = readIdCounts(reader);
  if (announced !== length || lastId.compare(last) < 0) throw new RdbFormatError("a stream that its entries belie");
  // The first id is skipped: it follows from the entries.
  if (version >= 2) readIdCounts(reader);
  const maxDeletedId = version >= 2 ? readIdCounts(reader) : new StreamId();
  const entriesAdded = version >= 2 ? readCount64(reader) : undefined;
  visitor.streamState({ length, lastId, maxDeletedId, entriesAdded });
  const groups = new Set<string>();
  for (let left = reader.countOf(4); left > 0; left--) {
    const group = decodeGroup(reader, version);
    if (groups.has(group.name)) throw repeated("group");
    groups.add(group.name);
    visitor.group(group);
  }
}

function blockKey(key: ByteRange): RdbReader {
  if (key.end - key.start !== idBytes) throw new RdbFormatError("a stream node without an id");
  return new RdbReader(key);
}

/** An id of 16 bytes, highest byte first. */
const readId = (reader: RdbReader): StreamId =>
  new StreamId().set(reader.bigEndian32(), reader.bigEndian32(), reader.bigEndian32(), reader.bigEndian32());

/** An id as two counts. */
function readIdCounts(reader: RdbReader): StreamId {
  reader.words();
  const { high, low } = reader;
  reader.words();
  return new StreamId().set(high, low, reader.high, reader.low);
}

function readCount64(reader: RdbReader): Count64 {
  reader.words();
  return count64(BigInt.asIntN(64, (BigInt(reader.high) << 32n) | BigInt(reader.low)));
}

/** Visits the live entries of a node, whose layout block-reader.ts describes. Gives their number. */
function decodeNode(blockId: StreamId, node: ByteRange, last: StreamId, visitor: ValueVisitor): number {
  if (checkListpack(node, run)) {
    const count = checkBlock(run, blockId, last, firstId, last);
    if (count > 0) {
      visitor.streamBlock({ id: blockId, run, length: count, firstId });
      return count;
    }
  }
  const listpack = new ListpackReader(node);
  const live = listpack.requireInteger();
  let deleted = listpack.requireInteger();
  const names: ByteRange[] = [];
  for (let left = listpack.requireInteger(); left > 0; left--) names.push(listpack.require());
  if (listpack.requireInteger() !== 0) throw new RdbFormatError("the fields of a stream node do not end with 0");
  let seen = 0;
  for (let left = live + deleted; left > 0; left--) {
    const flags = listpack.requireInteger();
    const id = addToId(blockId, listpack.require(), listpack.require());
    const hasNames = (flags & entrySameFields) === 0;
    const fields = readFields(listpack, hasNames ? undefined : names);
    // Flags, both parts of the id, and the number of fields where it is given; a field without a name is one element.
    const elements = hasNames ? fields.length + 4 : names.length + 3;
    if (listpack.requireInteger() !== elements) throw new RdbFormatError("a stream entry with a wrong size");
    if ((flags & entryDeleted) !== 0) {
      deleted--;
      continue;
    }
    if (id.compare(last) <= 0) throw new RdbFormatError("stream entries out of order");
    last.copy(id);
    visitor.entry(id, fields);
    seen++;
  }
  if (seen !== live || deleted !== 0 || listpack.next() !== undefined) {
    throw new RdbFormatError("a stream node with a wrong count");
  }
  return live;
}

function readFields(listpack: ListpackReader, names: readonly ByteRange[] | undefined): ByteRange[] {
  const fields: ByteRange[] = [];
  const count = names === undefined ? listpack.requireInteger() : names.length;
  for (let field = 0; field < count; field++) {
    fields.push(names === undefined ? listpack.require() : (names[field] as ByteRange), listpack.require());
  }
  if (fields.length === 0) throw new RdbFormatError("a stream entry without fields");
  return fields;
}

/** The sum of the node's id and these differences, modulo 2^64 in both parts. */
function addToId(blockId: StreamId, time: ByteRange, sequence: ByteRange): StreamId {
  const [timeHigh, timeLow] = addWords(blockId.timeHigh, blockId.timeLow, time);
  const [sequenceHigh, sequenceLow] = addWords(blockId.sequenceHigh, blockId.sequenceLow, sequence);
  return new StreamId().set(timeHigh, timeLow, sequenceHigh, sequenceLow);
}

function addWords(high: number, low: number, difference: ByteRange): [number, number] {
  const text = latin1Of(difference);
  if (!/^-?\d{1,19}$/.test(text)) throw new RdbFormatError("a stream entry without an id");
  const sum = (BigInt(high) << 32n) + BigInt(low) + BigInt(text);
  return [Number(BigInt.asUintN(32, sum >> 32n)), Number(BigInt.asUintN(32, sum))];
}

function decodeGroup(reader: RdbReader, version: 1 | 2 | 3): StreamGroup {
  const name = latin1Of(reader.string());
  const lastId = readIdCounts(reader);
  const entriesRead = version >= 2 ? readCount64(reader) : undefined;
  const pending = new Map<string, PendingEntry>();
  for (let left = reader.countOf(pendingBytes); left > 0; left--) {
    const id = readId(reader);
    const deliveredMs = reader.milliseconds();
    const key = id.toString();
    if (pending.has(key)) throw new RdbFormatError("an entry that is pending twice");
    pending.set(key, { id, deliveredMs, deliveries: readCount64(reader) });
  }
  const consumers: StreamConsumer[] = [];
  for (let left = reader.countOf(2); left > 0; left--) consumers.push(decodeConsumer(reader, version, pending));
  if (new Set(consumers.map((consumer) => consumer.name)).size < consumers.length) throw repeated("consumer");
  if (pending.size > 0) throw new RdbFormatError("a pending entry without a consumer");
  return { name, lastId, entriesRead, consumers };
}

/** Reads a consumer, and removes its entries from `pending`. */
function decodeConsumer(reader: RdbReader, version: 1 | 2 | 3, pending: Map<string, PendingEntry>): StreamConsumer {
  const name = latin1Of(reader.string());
  const seenMs = reader.milliseconds();
  const activeMs = version >= 3 ? reader.signedMilliseconds() : seenMs;
  const own: PendingEntry[] = [];
  for (let left = reader.countOf(idBytes); left > 0; left--) {
    const key = readId(reader).toString();
    const entry = pending.get(key);
    if (entry === undefined) throw new RdbFormatError("an entry that is pending with a consumer, and not in the group");
    pending.delete(key);
    own.push(entry);
  }
  return { name, seenMs, activeMs, pending: own };
}
