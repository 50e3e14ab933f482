import { copyBytes } from "../../memory/copy-bytes.ts";
import { SharedBytes } from "../../replication/shared-bytes.ts";

/** A place in the bytes at which an answer may begin and end, and the offsets of the source that mean this place. */
interface Mark {
  readonly at: number;
  readonly first: number;
  last: number;
}

/** What a target gets next, and the offset of the source that it has then. */
export interface FollowedChunk {
  readonly bytes: Uint8Array;
  readonly offset: number;
  /** There is nothing more. */
  readonly isAll: boolean;
}

/** The writes to the slots of a move since the target has all keys, from the newest place that all its copies have on. */
export class FollowedWrites {
  readonly #bytes = new SharedBytes();
  #marks: Mark[];

  /** `offset`: the source's, when the target has all keys. */
  constructor(offset: number) {
    this.#marks = [{ at: 0, first: offset, last: offset }];
  }

  get pendingBytes(): number {
    return this.#bytes.end - this.#bytes.start;
  }

  /** Bytes since the last mark. */
  get openBytes(): number {
    return this.#bytes.end - this.#last.at;
  }

  get #last(): Mark {
    return this.#marks.at(-1) as Mark;
  }

  append(bytes: Uint8Array): void {
    this.#bytes.append(bytes);
  }

  /** Everything so far belongs to this offset of the source. What follows selects its database anew. */
  mark(offset: number): void {
    const last = this.#last;
    if (last.at === this.#bytes.end) last.last = Math.max(last.last, offset);
    else this.#marks.push({ at: this.#bytes.end, first: offset, last: offset });
  }

  /** What comes after this offset, up to the next mark; undefined when that is not known any more. */
  after(offset: number): FollowedChunk | undefined {
    const index = this.#indexOf(offset);
    const from = this.#marks[index];
    if (from === undefined) return undefined;
    const to = this.#marks[index + 1] ?? from;
    // The place means all these offsets: nothing of these slots was written between them.
    const until = to === this.#last ? to.last : to.first;
    return { bytes: this.#copy(from.at, to.at), offset: until, isAll: to.at === this.#bytes.end };
  }

  #indexOf(offset: number): number {
    return this.#marks.findLastIndex(({ first, last }) => first <= offset && offset <= last);
  }

  #copy(from: number, to: number): Uint8Array {
    const copy = new Uint8Array(to - from);
    for (let at = from; at < to;) {
      const block = this.#bytes.from(at);
      if (block === undefined) break;
      const start = at - block.first;
      const size = Math.min(block.used - start, to - at);
      copyBytes(block.bytes, start, start + size, copy, at - from);
      at += size;
    }
    return copy;
  }

  /** All copies of the target have what comes before this offset. */
  dropBefore(offset: number): void {
    const index = this.#indexOf(offset);
    if (index <= 0) return;
    this.#marks = this.#marks.slice(index);
    this.#bytes.dropBefore((this.#marks[0] as Mark).at);
  }
}
