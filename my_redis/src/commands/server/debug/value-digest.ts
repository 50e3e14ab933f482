import type { Database } from "../../../keyspace/database.ts";
import { viewOf } from "../../../memory/byte-range.ts";
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

type MixValue = (digest: DataDigest, database: Database, address: Address) => void;

const mixList: MixValue = (digest, database, address) => {
  const list = new ListValue().attach(database, address);
  const text = new ElementText();
  for (let number = 0; number < list.segmentCount; number++) {
    const { bytes, start, end } = list.load(number);
    for (let at = start; at < end; at += elementSize(bytes, at)) digest.mix(viewOf(text.read(bytes, at)));
  }
};

const mixStream: MixValue = (digest, database, address) => {
  const stream = database.objectOf(address) as Stream;
  const cursor = new StreamCursor();
  cursor.begin(stream.blocks, new StreamId().setLowest(), new StreamId().setHighest(), false);
  while (cursor.next()) {
    const { entry } = cursor;
    digest.mix(entry.id.toString().replace("-", "."));
    entry.beginFields();
    while (entry.nextField()) {
      digest.mix(viewOf(entry.field));
      digest.mix(viewOf(entry.value));
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
  [valueType.set]: (digest, database, address) =>
    new SetValue().attach(database, address).forEach((member) => digest.add(viewOf(member))),
  [valueType.sortedSet]: (digest, database, address) => {
    const set = new SortedSetValue().attach(database, address);
    set.visit(0, set.size, false, (bytes, start, end, score) =>
      mixPair(digest, bytes.subarray(start, end), formatDouble17(score)),
    );
  },
  [valueType.hash]: (digest, database, address) =>
    new HashValue()
      .attach(database, address)
      .forEach((field, value, timeMs) => mixPair(digest, viewOf(field), viewOf(value), timeMs !== 0)),
  [valueType.stream]: mixStream,
};

/**
 * Mixes a record's value into the digest: its type, its contents, and whether it expires (not when). The record may
 * belong to any database.
 */
export function digestValue(digest: DataDigest, database: Database, address: Address): void {
  const { heap } = database.keyspace;
  const type = record.typeOf(heap, address);
  digest.mixNumber(type);
  mixValue[type]?.(digest, database, address);
  if (record.hasExpiry(heap, address)) digest.add("!!expire!!");
}
