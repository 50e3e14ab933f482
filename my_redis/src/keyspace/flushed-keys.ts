import { freeRecord } from "./free-record.ts";
import type { Address } from "../memory/heap.ts";
import type { KeyspaceCore } from "./keyspace-core.ts";
import type { ObjectValue } from "../memory/object-table.ts";
import type { RecordIndex } from "../memory/record-index.ts";

/** The records of a flushed database, which are freed in steps. */
export class FlushedKeys implements ObjectValue {
  readonly #keyspace: KeyspaceCore;
  readonly #keys: RecordIndex;
  /** The slot of the index to continue from. */
  #from = 0;
  readonly memoryBytes = 0;

  constructor(keyspace: KeyspaceCore, keys: RecordIndex) {
    this.#keyspace = keyspace;
    this.#keys = keys;
  }

  get size(): number {
    return this.#keys.size;
  }

  release(budget: number): boolean {
    const free = (address: Address): void => freeRecord(this.#keyspace, address);
    // The index itself is dropped as a whole at the end, so its entries keep their slots until then.
    this.#from = this.#keys.visitSlots(this.#from, budget, free);
    if (this.#from >= 0) return false;
    this.#keys.dispose();
    return true;
  }
}
