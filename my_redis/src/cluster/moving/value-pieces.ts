import type { LogWord } from "../../dispatch/log-target.ts";
import type { Keyspace } from "../../keyspace/keyspace.ts";
import type { Address } from "../../memory/heap.ts";
import * as record from "../../memory/record.ts";
import type { RecordTable } from "../../memory/record-table.ts";
import { nameOf, tableCommands } from "../../persistence/aof/value-commands.ts";
import { formatDouble17 } from "../../values/double-text.ts";
import { ListChunks, type ListSegment } from "../../values/list/list-chunks.ts";
import { ElementText, elementSize } from "../../values/packed-element.ts";
import type { SortedSet } from "../../values/sorted-set/sorted-set.ts";
import type { Stream } from "../../values/stream/stream.ts";
import { type AppendWords, bytesPerPiece } from "./pieces.ts";
import { isMadeByCommands, streamPieces } from "./stream-pieces.ts";

const { encoding, valueType } = record;
/** A value of at least so many bytes goes in pieces: as a whole it would take milliseconds at both nodes. */
const largeBytes = 256 * 1024;
const elementsPerPiece = 128;

/** Whether a value goes in pieces. */
export function isInPieces({ heap, objects }: Keyspace, address: Address): boolean {
  const type = record.typeOf(heap, address);
  if (type === valueType.string) {
    const isRaw = record.encodingOf(heap, address) !== encoding.integer;
    return isRaw && record.valueLengthOf(heap, address) >= largeBytes;
  }
  if (record.encodingOf(heap, address) < encoding.object) return false;
  const value = objects.get(record.valueLengthOf(heap, address));
  if (value.memoryBytes < largeBytes) return false;
  return type !== valueType.stream || isMadeByCommands(value as Stream);
}

/**
 * A value as commands, some of its elements in each step. Its elements must not change before the end, except that fields of a
 * hash may be removed; `addressOf` gives the place of its record, which may move.
 */
export function* valuePieces(
  keyspace: Keyspace,
  key: Uint8Array,
  addressOf: () => Address,
  append: AppendWords,
): Generator<void, void> {
  const { heap, objects } = keyspace;
  const address = addressOf();
  append(["UNLINK", key]);
  const type = record.typeOf(heap, address);
  if (type === valueType.string) yield* stringPieces(keyspace, key, addressOf, append);
  else {
    const value = objects.get(record.valueLengthOf(heap, address));
    if (type === valueType.list) yield* listPieces(value as ListChunks, key, append);
    else if (type === valueType.stream) yield* streamPieces(value as Stream, key, append);
    else if (type === valueType.sortedSet) yield* sortedSetPieces(keyspace, value as SortedSet, key, append);
    else {
      const command = type === valueType.set ? "SADD" : "HSET";
      yield* tableCommands(value as RecordTable, { heap, command, key, words: elementsPerPiece, append });
    }
  }
  const last = addressOf();
  if (record.hasExpiry(heap, last)) append(["PEXPIREAT", key, record.expiryOf(heap, last)]);
}

function* stringPieces(
  { heap }: Keyspace,
  key: Uint8Array,
  addressOf: () => Address,
  append: AppendWords,
): Generator<void, void> {
  const length = record.valueLengthOf(heap, addressOf());
  for (let at = 0; at < length; at += bytesPerPiece) {
    const address = addressOf();
    const start = record.valueStartOf(heap, address);
    const piece = record.bytesOf(heap, address).subarray(start + at, start + Math.min(length, at + bytesPerPiece));
    append(["APPEND", key, piece]);
    yield;
  }
}

function* listPieces(list: ListChunks, key: Uint8Array, append: AppendWords): Generator<void, void> {
  const segment: ListSegment = { bytes: new Uint8Array(0), start: 0, end: 0, count: 0 };
  const text = new ElementText();
  for (let chunk = 0; chunk < list.chunkCount; chunk++) {
    list.load(chunk, segment);
    const words: LogWord[] = ["RPUSH", key];
    for (let at = segment.start; at < segment.end; at += elementSize(segment.bytes, at)) {
      const { bytes, start, end } = text.read(segment.bytes, at);
      words.push(bytes.slice(start, end));
    }
    append(words);
    yield;
  }
}

/**
 * From the lowest to the highest score: each member comes behind those before it. A sorted set is packed while it is small, and
 * the packed form knows no -0, as in Redis: members with this score come last.
 */
function* sortedSetPieces(
  { heap }: Keyspace,
  { size, tree }: SortedSet,
  key: Uint8Array,
  append: AppendWords,
): Generator<void, void> {
  const last: LogWord[] = ["ZADD", key];
  for (let from = 0; from < size; from += elementsPerPiece) {
    const words: LogWord[] = ["ZADD", key];
    tree.visit(from, Math.min(size, from + elementsPerPiece), false, (score, member) => {
      if (Object.is(score, -0)) last.push("-0", nameOf(heap, member).slice());
      else words.push(formatDouble17(score), nameOf(heap, member));
    });
    if (words.length > 2) append(words);
    yield;
  }
  if (last.length > 2) append(last);
}
