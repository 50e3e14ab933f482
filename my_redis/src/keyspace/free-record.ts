import type { Address } from "../memory/heap.ts";
import * as record from "../memory/record.ts";
import type { KeyspaceCore } from "./keyspace-core.ts";

/** Frees a record that no index refers to any more; its object, if it has one, in steps. */
export function freeRecord(keyspace: KeyspaceCore, address: Address): void {
  const { heap, objects } = keyspace;
  if (record.encodingOf(heap, address) >= record.encoding.object) {
    keyspace.releaseLater(objects.remove(record.valueLengthOf(heap, address)));
  }
  heap.free(address);
}
