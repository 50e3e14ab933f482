import type { Address, Heap } from "../memory/heap.ts";
import * as record from "../memory/record.ts";

const typeNames: Readonly<Record<number, string>> = {
  [record.valueType.string]: "string",
  [record.valueType.list]: "list",
  [record.valueType.set]: "set",
  [record.valueType.sortedSet]: "zset",
  [record.valueType.hash]: "hash",
  [record.valueType.stream]: "stream",
};

/** Redis's names for the encoding of large values. */
const objectEncodingNames: Readonly<Record<number, string>> = {
  [record.valueType.list]: "quicklist",
  [record.valueType.set]: "hashtable",
  [record.valueType.sortedSet]: "skiplist",
  [record.valueType.hash]: "hashtable",
  [record.valueType.stream]: "stream",
};

/** The type of a record's value, as TYPE answers it. */
export function typeName(heap: Heap, address: Address): string {
  return typeNames[record.typeOf(heap, address)] as string;
}

/** The encoding of a record's value, as OBJECT ENCODING answers it. */
export function encodingName(heap: Heap, address: Address): string {
  const type = record.typeOf(heap, address);
  if (type === record.valueType.stream) return "stream";
  switch (record.encodingOf(heap, address)) {
    case record.encoding.raw:
      return "raw";
    case record.encoding.integer:
      return "int";
    case record.encoding.embedded:
      return "embstr";
    case record.encoding.packed:
      return "listpack";
    case record.encoding.integerSet:
      return "intset";
    case record.encoding.packedTimed:
      return "listpackex";
    default:
      return objectEncodingNames[type] as string;
  }
}
