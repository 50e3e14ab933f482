import { BlockReader } from "../../values/stream/block-reader.ts";
import type { Consumer, ConsumerGroup } from "../../values/stream/consumer-group.ts";
import type { Count64 } from "../../values/stream/count-64.ts";
import { IdPlace } from "../../values/stream/id-map.ts";
import type { Stream } from "../../values/stream/stream.ts";
import { StreamId } from "../../values/stream/stream-id.ts";
import { elementSize } from "../../values/packed-element.ts";
import { listpackOf } from "./listpack.ts";
import type { RdbWriter } from "./rdb-writer.ts";

const block = new BlockReader();
const place = new IdPlace();
const id = new StreamId();
const idBytes = new Uint8Array(16);

/** Writes a stream as Redis 7.0 does (type streamListpacks2), a piece in each step. */
export function* encodeStream(writer: RdbWriter, stream: Stream): Generator<void, void> {
  const { blocks } = stream;
  const at = new IdPlace();
  writer.count(blocks.count);
  for (let more = blocks.index.first(at); more; more = blocks.index.next(at)) {
    blocks.read(at, block);
    writer.string(bytesOf(block.blockId));
    writer.string(listpackOf(block.bytes, block.start, block.end, elementsOf(block)));
    yield;
  }
  writer.count(stream.length);
  writeId(writer, stream.lastId);
  writeId(writer, stream.firstId);
  writeId(writer, stream.maxDeletedId);
  writeCount64(writer, stream.entriesAdded);
  const groups = stream.groups();
  writer.count(groups.length);
  for (const [name, group] of groups) {
    encodeGroup(writer, name, group);
    yield;
  }
}

function elementsOf({ bytes, start, end }: BlockReader): number {
  let count = 0;
  for (let at = start; at < end; at += elementSize(bytes, at)) count++;
  return count;
}

/** The 16 bytes of an id, highest byte first. */
function bytesOf({ timeHigh, timeLow, sequenceHigh, sequenceLow }: StreamId): Uint8Array {
  const view = new DataView(idBytes.buffer);
  [timeHigh, timeLow, sequenceHigh, sequenceLow].forEach((word, index) => view.setUint32(index * 4, word));
  return idBytes;
}

function writeId(writer: RdbWriter, { timeHigh, timeLow, sequenceHigh, sequenceLow }: StreamId): void {
  writer.words(timeHigh, timeLow);
  writer.words(sequenceHigh, sequenceLow);
}

function writeCount64(writer: RdbWriter, value: Count64): void {
  const bits = BigInt.asUintN(64, BigInt(value));
  writer.words(Number(bits >> 32n), Number(bits & 0xffffffffn));
}

function encodeGroup(writer: RdbWriter, name: string, group: ConsumerGroup): void {
  writer.string(Buffer.from(name, "latin1"));
  writeId(writer, group.lastId);
  writeCount64(writer, group.entriesRead);
  const { pending } = group;
  writer.count(pending.size);
  for (let more = pending.map.first(place); more; more = pending.map.next(place)) {
    writer.raw(bytesOf(pending.map.readId(place, id)));
    writer.milliseconds(pending.deliveredMs(place));
    writeCount64(writer, pending.deliveries(place));
  }
  writer.count(group.consumerCount);
  for (const consumer of group.consumers()) encodeConsumer(writer, consumer);
}

function encodeConsumer(writer: RdbWriter, { name, seenMs, pending }: Consumer): void {
  writer.string(Buffer.from(name, "latin1"));
  writer.milliseconds(seenMs);
  writer.count(pending.size);
  for (let more = pending.first(place); more; more = pending.next(place)) {
    writer.raw(bytesOf(pending.readId(place, id)));
  }
}
