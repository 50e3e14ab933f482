import type { LogStorage } from "../dispatch/ports.ts";

/**
 * The offset of the stream up to which a replica has the changes on its disk, for WAITAOF at its primary. The log counts
 * its own bytes, so this remembers which offset belonged to which of them.
 */
export class SyncedOffset {
  #synced = -1;
  /** The next place in the log that is looked for, and the offset that its data shows. */
  #mark: { readonly logEnd: number; readonly offset: number } | undefined;

  /** The log holds all changes up to `offset`. Returns what of it is on the disk; undefined where that is not known. */
  at(offset: number, progress: LogStorage["progress"]): number | undefined {
    if (progress === undefined) {
      this.#mark = undefined;
      this.#synced = -1;
      return undefined;
    }
    const { written, synced } = progress;
    if (this.#mark !== undefined && this.#mark.logEnd <= synced) {
      this.#synced = this.#mark.offset;
      this.#mark = undefined;
    }
    if (synced >= written) this.#synced = offset;
    else this.#mark ??= { logEnd: written, offset };
    return this.#synced < 0 ? undefined : this.#synced;
  }
}
