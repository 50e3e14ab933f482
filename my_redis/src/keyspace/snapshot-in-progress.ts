import type { Address } from "../memory/heap.ts";
import type { ObjectValue } from "../memory/object-table.ts";
import type { RecordIndex } from "../memory/record-index.ts";

/** A snapshot that is being taken while commands change the data, as the databases know it. */
export interface SnapshotInProgress {
  /** A command that may change data is running: the snapshot takes each record before the command gets it. */
  writing: boolean;
  /** To be called before a record changes or is removed. `keys` is the index that contains the record. */
  preserve(keys: RecordIndex, address: Address): void;
  /**
   * Offers a record that is being removed, before it leaves `keys`. True when it is a large value that the snapshot
   * still needs: then the snapshot frees the record.
   */
  keepRemoved(keys: RecordIndex, address: Address): boolean;
  /**
   * To be called before the expiry of a record changes. True when it is a large value that the snapshot still needs: it
   * remembers the old expiry, and `moved` must be called if the record gets another address. False when the record may
   * change in any way.
   */
  keepExpiry(keys: RecordIndex, address: Address): boolean;
  /** The record for which `keepExpiry` was true is at another address from now on. */
  moved(from: Address, to: Address): void;
  /** True when this is a large value that the snapshot still needs: the snapshot takes it next. */
  takeNext(keys: RecordIndex, address: Address): boolean;
  /** Takes the values that `takeNext` was asked for, and removed ones before them. False when there are none. */
  takeUrgent(spent: () => boolean): boolean;
  /** Takes removed records, which can be freed then. False when there are none. */
  takeRemoved(spent: () => boolean): boolean;
  /** Offers the keys of a flushed database. True when the snapshot still needs them: then the snapshot frees them. */
  keepFlushed(keys: RecordIndex, release: ObjectValue): boolean;
  /** Takes more records until all are taken (true) or `spent()` is true (false). */
  step(spent: () => boolean): boolean;
}
