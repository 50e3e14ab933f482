import { BlockReader } from "./block-reader.ts";
import { IdPlace } from "./id-map.ts";
import type { StreamBlocks } from "./stream-blocks.ts";
import { StreamId } from "./stream-id.ts";

/**
 * Goes through the live entries of a stream between two ids, both included, in either direction. The stream must not
 * change on the way.
 *
 *   for (cursor.begin(blocks, from, to, false); cursor.next(); ) use(cursor.entry.id);
 */
export class StreamCursor {
  /** The current entry, with its fields. */
  readonly entry = new BlockReader();
  /** Its block. */
  readonly block = new IdPlace();
  readonly #from = new StreamId();
  readonly #to = new StreamId();
  #blocks!: StreamBlocks;
  #backward = false;
  #inBlock = false;
  /** Where the next entry begins; when going backwards, where it ends. */
  #at = 0;

  begin(blocks: StreamBlocks, from: StreamId, to: StreamId, backward: boolean): void {
    this.#blocks = blocks;
    this.#from.copy(from);
    this.#to.copy(to);
    this.#backward = backward;
    const index = blocks.index;
    this.#inBlock = index.atMost(backward ? to : from, this.block) || (!backward && index.first(this.block));
    if (this.#inBlock) this.#openBlock();
  }

  #openBlock(): void {
    this.#blocks.read(this.block, this.entry);
    this.#at = this.#backward ? this.entry.end : this.entry.entriesStart;
  }

  /** Goes to the next live entry of the range; false when there is none. */
  next(): boolean {
    return this.#backward ? this.#nextBackward() : this.#nextForward();
  }

  #nextForward(): boolean {
    const { entry } = this;
    while (this.#inBlock) {
      while (entry.read(this.#at)) {
        this.#at = entry.entryEnd;
        if (entry.deleted || entry.id.compare(this.#from) < 0) continue;
        return entry.id.compare(this.#to) <= 0 || this.#stop();
      }
      this.#inBlock = this.#blocks.index.next(this.block);
      if (this.#inBlock) this.#openBlock();
    }
    return false;
  }

  #nextBackward(): boolean {
    const { entry } = this;
    while (this.#inBlock) {
      for (let start = entry.entryBefore(this.#at); start >= 0; start = entry.entryBefore(this.#at)) {
        entry.read(start);
        this.#at = start;
        if (entry.deleted || entry.id.compare(this.#to) > 0) continue;
        return entry.id.compare(this.#from) >= 0 || this.#stop();
      }
      this.#inBlock = this.#blocks.index.previous(this.block);
      if (this.#inBlock) this.#openBlock();
    }
    return false;
  }

  #stop(): false {
    this.#inBlock = false;
    return false;
  }
}
