import type { LogWord } from "../../dispatch/log-target.ts";
import type { ConsumerGroup } from "../../values/stream/consumer-group.ts";
import { unknownEntriesRead } from "../../values/stream/consumer-group.ts";
import { IdPlace } from "../../values/stream/id-map.ts";
import type { Stream } from "../../values/stream/stream.ts";
import { StreamCursor } from "../../values/stream/stream-cursor.ts";
import { StreamId } from "../../values/stream/stream-id.ts";
import { type AppendWords, bytesPerPiece } from "./pieces.ts";

const commandsPerPiece = 128;

const highest = new StreamId().setHighest();

/**
 * Whether commands can make this stream. RESTORE takes some streams that they cannot: counts that contradict the entries, and
 * a pending entry with the id 0-0.
 */
export function isMadeByCommands(stream: Stream): boolean {
  const { entriesAdded, lastId, length, maxDeletedId } = stream;
  if (lastId.compare(maxDeletedId) < 0 || entriesAdded < length) return false;
  const place = new IdPlace();
  return stream.groups().every(([, { entriesRead, pending }]) => {
    const hasZero = pending.map.first(place) && pending.map.readId(place, new StreamId()).isZero;
    return entriesRead >= unknownEntriesRead && !hasZero;
  });
}

/**
 * A stream as commands, some in each step: its groups, then its entries, then its counts. The stream must not change before
 * the end.
 */
export function* streamPieces(stream: Stream, key: Uint8Array, append: AppendWords): Generator<void, void> {
  // An empty stream, also where there are neither entries nor groups.
  append(["XADD", key, "MAXLEN", 0, "0-1", "", ""]);
  for (const [name, group] of stream.groups()) {
    append(["XGROUP", "CREATE", key, name, group.lastId.toString(), "ENTRIESREAD", group.entriesRead]);
    yield* consumerPieces(group, ["XGROUP", "CREATECONSUMER", key, name], append);
    yield* pendingPieces(group, key, name, append);
  }
  append(["XSETID", key, "0-0"]);
  yield* entryPieces(stream, key, append);
  const { entriesAdded, lastId, maxDeletedId } = stream;
  const deleted = maxDeletedId.isZero ? [] : ["MAXDELETEDID", maxDeletedId.toString()];
  append(["XSETID", key, lastId.toString(), "ENTRIESADDED", entriesAdded, ...deleted]);
}

function* consumerPieces(
  group: ConsumerGroup,
  command: readonly LogWord[],
  append: AppendWords,
): Generator<void, void> {
  let count = 0;
  for (const { name } of group.consumers()) {
    append([...command, name]);
    if (++count % commandsPerPiece === 0) yield;
  }
}

/**
 * The pending entries of a group. XCLAIM takes only ids of entries that are there, and some of these entries may have been
 * deleted since. So each id gets an entry, and these are trimmed after each piece: unlike XDEL, that leaves no trace.
 */
function* pendingPieces(
  group: ConsumerGroup,
  key: Uint8Array,
  name: string,
  append: AppendWords,
): Generator<void, void> {
  const { pending } = group;
  const place = new IdPlace();
  const id = new StreamId();
  // The ids begin anew with each group.
  append(["XSETID", key, "0-0"]);
  let more = pending.map.first(place);
  while (more) {
    const claims = new Claims(key, name);
    for (let left = commandsPerPiece; more && left > 0; left--) {
      const text = pending.map.readId(place, id).toString();
      append(["XADD", key, text, "", ""]);
      claims.add(text, [group.consumerAt(place).name, pending.deliveredMs(place), pending.deliveries(place)]);
      more = pending.map.next(place);
    }
    for (const words of claims.commands()) append(words);
    append(["XTRIM", key, "MAXLEN", 0]);
    yield;
  }
}

/** Of a pending entry: the consumer, the moment of its last delivery, and the number of its deliveries. */
type Delivery = readonly [consumer: string, deliveredMs: number, deliveries: LogWord];

/** XCLAIM for pending entries: one command for those that were delivered together. */
class Claims {
  readonly #key: Uint8Array;
  readonly #group: string;
  readonly #together: { readonly delivery: Delivery; readonly ids: string[] }[] = [];

  constructor(key: Uint8Array, group: string) {
    this.#key = key;
    this.#group = group;
  }

  add(id: string, delivery: Delivery): void {
    const last = this.#together.at(-1);
    if (last?.delivery.every((word, index) => word === delivery[index]) === true) last.ids.push(id);
    else this.#together.push({ delivery, ids: [id] });
  }

  commands(): readonly (readonly LogWord[])[] {
    return this.#together.map(({ delivery: [consumer, deliveredMs, deliveries], ids }) => [
      ...["XCLAIM", this.#key, this.#group, consumer, 0, ...ids],
      ...["TIME", deliveredMs, "RETRYCOUNT", deliveries, "FORCE", "JUSTID"],
    ]);
  }
}

function* entryPieces({ blocks }: Stream, key: Uint8Array, append: AppendWords): Generator<void, void> {
  const cursor = new StreamCursor();
  const from = new StreamId();
  for (let isMore = true; isMore;) {
    let bytes = 0;
    let count = 0;
    // The blocks may have moved in memory since the step before.
    cursor.begin(blocks, from, highest, false);
    while (bytes < bytesPerPiece && count < commandsPerPiece && cursor.next()) {
      const { entry } = cursor;
      append(["XADD", key, entry.id.toString(), ...wordsOf(entry)]);
      bytes += entry.entryEnd - entry.entryStart;
      count++;
      from.copy(entry.id);
    }
    isMore = count > 0 && from.increment();
    yield;
  }
}

/** Fields and values in turn. */
function wordsOf(entry: StreamCursor["entry"]): readonly LogWord[] {
  const words: LogWord[] = [];
  entry.beginFields();
  while (entry.nextField()) {
    for (const { bytes, start, end } of [entry.field, entry.value]) words.push(bytes.slice(start, end));
  }
  return words;
}
