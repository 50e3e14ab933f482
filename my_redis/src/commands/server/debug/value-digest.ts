import type { Context } from "../../../dispatch/context.ts";
import type { Address } from "../../../memory/heap.ts";
import * as record from "../../../memory/record.ts";
import { formatDouble17 } from "../../../values/double-text.ts";
import { ElementText, elementSize } from "../../../values/packed-element.ts";
import { StreamCursor } from "../../../values/stream/stream-cursor.ts";
import { StreamId } from "../../../values/stream/stream-id.ts";
import type { Stream } from "../../../values/stream/stream.ts";
import { HashValue } from "../../../collections/hash-value.ts";
import { ListValue } from "../../../collections/list-value.ts";
import { SetValue } from "../../../collections/set-value.ts";
import { SortedSetValue } from "../../../collections/sorted-set-value.ts";
import { stringView } from "../../../collections/string-value.ts";
import { DataDigest } from "./data-digest.ts";

const { valueType } = record;

interface ByteRange {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}
const view = ({ bytes, start, end }: ByteRange): Uint8Array => bytes.subarray(start, end);

type MixValue = (digest: DataDigest, context: Context, address: Address) => void;

const mixList: MixValue = (digest, context, address) => {
  const list = new ListValue().attach(context, address);
  const text = new ElementText();
  for (let number = 0; number < list.segmentCount; number++) {
    const { bytes, start, end } = list.load(number);
    for (let at = start; at < end; at += elementSize(bytes, at)) digest.mix(view(text.read(bytes, at)));
  }
};

const mixStream: MixValue = (digest, { database }, address) => {
  const stream = database.objectOf(address) as Stream;
  const cursor = new StreamCursor();
  cursor.begin(stream.blocks, new StreamId().setLowest(), new StreamId().setHighest(), false);
  while (cursor.next()) {
    const { entry } = cursor;
    digest.mix(entry.id.toString().replace("-", "."));
    entry.beginFields();
    while (entry.nextField()) {
      digest.mix(view(entry.field));
      digest.mix(view(entry.value));
    }
  }
};

const mixPair = (digest: DataDigest, first: Uint8Array, second: Uint8Array | string, timed = false): void => {
  const pair = new DataDigest();
  pair.mix(first);
  pair.mix(second);
  if (timed) pair.add("!!hexpire!!");
  digest.add(pair.bytes);
};

const mixValue: Readonly<Record<number, MixValue>> = {
  [valueType.string]: (digest, { keyspace }, address) => digest.mix(stringView(keyspace.heap, address)),
  [valueType.list]: mixList,
  [valueType.set]: (digest, context, address) =>
    new SetValue().attach(context, address).forEach((member) => digest.add(view(member))),
  [valueType.sortedSet]: (digest, { database, server }, address) => {
    const set = new SortedSetValue().attach(database, server.settings.values, address);
    set.visit(0, set.size, false, (bytes, start, end, score) =>
      mixPair(digest, bytes.subarray(start, end), formatDouble17(score)),
    );
  },
  [valueType.hash]: (digest, { database, server }, address) =>
    new HashValue()
      .attach(database, server.settings.values, address)
      .forEach((field, value, timeMs) => mixPair(digest, view(field), view(value), timeMs !== 0)),
  [valueType.stream]: mixStream,
};

/**
 * Mixes the value of a record in: its type, its contents, and that it expires (not when). The record may be of any
 * database.
 */
export function digestValue(digest: DataDigest, context: Context, address: Address): void {
  const { heap } = context.keyspace;
  const type = record.typeOf(heap, address);
  digest.mixNumber(type);
  mixValue[type]?.(digest, context, address);
  if (record.hasExpiry(heap, address)) digest.add("!!expire!!");
}
