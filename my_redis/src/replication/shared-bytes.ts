import { copyBytes } from "../memory/copy-bytes.ts";

const blockBytes = 64 * 1024;
/**
 * Freed blocks that are kept for what is appended next. Each new block is garbage later, and the runtime collects so much
 * garbage late: with 1,000,000 keys a snapshot left 21 MB of it.
 */
const maxSpareBlocks = 32;

/** Bytes that lie together: bytes[0, used). */
export interface Block {
  readonly bytes: Uint8Array;
  /** The position of the block's first byte. */
  readonly first: number;
  readonly used: number;
}

interface GrowingBlock extends Block {
  first: number;
  used: number;
}

/**
 * Bytes that several readers take at their own pace, kept once for all of them. A position is a number of bytes since
 * the beginning. Nothing is kept longer than its owner says: see `dropBefore`.
 */
export class SharedBytes {
  readonly #blocks: GrowingBlock[] = [];
  readonly #spare: GrowingBlock[] = [];
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
      const block = this.#blockWithRoom();
      const size = Math.min(end - at, block.bytes.length - block.used);
      copyBytes(bytes, at, at + size, block.bytes, block.used);
      block.used += size;
      this.#end += size;
      at += size;
    }
  }

  #blockWithRoom(): GrowingBlock {
    const last = this.#blocks.at(-1);
    if (last !== undefined && last.used < blockBytes) return last;
    const block = this.#spare.pop() ?? { bytes: new Uint8Array(blockBytes), first: 0, used: 0 };
    block.first = this.#end;
    block.used = 0;
    this.#blocks.push(block);
    return block;
  }

  /**
   * The block with the byte at this position; undefined at the end. No view of its bytes is made: replicas ask in every
   * turn. They are valid until they are dropped, because their place is used again.
   */
  from(position: number): Block | undefined {
    if (position >= this.#end) return undefined;
    if (position < this.#start) throw new RangeError(`bytes from ${position}, where ${this.#start} is the first`);
    const last = this.#blocks.at(-1) as Block;
    if (last.first <= position) return last;
    let low = 0;
    let high = this.#blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#blocks[middle] as Block).first <= position) low = middle;
      else high = middle - 1;
    }
    return this.#blocks[low];
  }

  /** Frees what no reader needs any more: all bytes before this position. */
  dropBefore(position: number): void {
    if (position <= this.#start) return;
    this.#start = Math.min(position, this.#end);
    let whole = 0;
    while (whole < this.#blocks.length && endOf(this.#blocks[whole] as Block) <= this.#start) whole++;
    if (whole === 0) return;
    const freed = this.#blocks.splice(0, whole);
    for (let next = freed.pop(); next !== undefined && this.#spare.length < maxSpareBlocks; next = freed.pop()) {
      this.#spare.push(next);
    }
  }
}

const endOf = ({ bytes, first, used }: Block): number =>
  used < bytes.length ? Number.POSITIVE_INFINITY : first + used;
