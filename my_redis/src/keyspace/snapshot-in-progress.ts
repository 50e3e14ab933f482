import type { Address } from "../memory/heap.ts";
import type { ObjectValue } from "../memory/object-table.ts";
import type { RecordIndex } from "../memory/record-index.ts";

/** A snapshot that is being taken while commands change the data, as the databases know it. */
export interface SnapshotInProgress {
  /** A command that may change data is running: the snapshot takes each record before the command gets it. */
  writing: boolean;
  /** To be called before a record changes or is removed. `keys` is the index that contains the record. */
  preserve(keys: RecordIndex, address: Address): void;
  /** Offers the keys of a flushed database. True when the snapshot still needs them: then the snapshot frees them. */
  keepFlushed(keys: RecordIndex, release: ObjectValue): boolean;
  /** Takes more records until all are taken (true) or `spent()` is true (false). */
  step(spent: () => boolean): boolean;
}
