import { copyBytes } from "../memory/copy-bytes.ts";

const blockBytes = 64 * 1024;

interface Block {
  readonly bytes: Uint8Array;
  /** The position of the block's first byte. */
  readonly first: number;
  used: number;
}

/**
 * Bytes that several readers take at their own pace, kept once for all of them. A position is a number of bytes since
 * the beginning. Nothing is kept longer than its owner says: see `dropBefore`.
 */
export class SharedBytes {
  readonly #blocks: Block[] = [];
  #start: number;
  #end: number;

  /** The first byte that will be appended has this position. */
  constructor(start = 0) {
    this.#start = start;
    this.#end = start;
  }

  /** The position of the first byte that is still there. */
  get start(): number {
    return this.#start;
  }

  /** The position after the last byte. */
  get end(): number {
    return this.#end;
  }

  /** Copies bytes[start, end) to the end. */
  append(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    for (let at = start; at < end;) {
      const block = this.#blockWithRoom(end - at);
      const size = Math.min(end - at, block.bytes.length - block.used);
      copyBytes(bytes, at, at + size, block.bytes, block.used);
      block.used += size;
      this.#end += size;
      at += size;
    }
  }

  #blockWithRoom(size: number): Block {
    const last = this.#blocks.at(-1);
    if (last !== undefined && last.used < last.bytes.length) return last;
    const block = { bytes: new Uint8Array(Math.max(blockBytes, size)), first: this.#end, used: 0 };
    this.#blocks.push(block);
    return block;
  }

  /** Some of the bytes from this position on, as many as lie together; undefined at the end. */
  from(position: number): Uint8Array | undefined {
    if (position >= this.#end) return undefined;
    if (position < this.#start) throw new RangeError(`bytes from ${position}, where ${this.#start} is the first`);
    let low = 0;
    let high = this.#blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#blocks[middle] as Block).first <= position) low = middle;
      else high = middle - 1;
    }
    const { bytes, first, used } = this.#blocks[low] as Block;
    return bytes.subarray(position - first, used);
  }

  /** Frees what no reader needs any more: all bytes before this position. */
  dropBefore(position: number): void {
    if (position <= this.#start) return;
    this.#start = Math.min(position, this.#end);
    let whole = 0;
    while (whole < this.#blocks.length && endOf(this.#blocks[whole] as Block) <= this.#start) whole++;
    this.#blocks.splice(0, whole);
  }
}

const endOf = ({ bytes, first, used }: Block): number => (used < bytes.length ? Infinity : first + used);
