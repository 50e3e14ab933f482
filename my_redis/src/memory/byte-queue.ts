import { copyBytes, withCapacity } from "./copy-bytes.ts";

/** A large queue grows by this many bytes and not to double its size, which could be more than there is memory for. */
const maxGrowthBytes = 16 * 1024 * 1024;

export interface ByteQueueOptions {
  /** Bytes that fit before the queue has to grow for the first time. */
  readonly initialBytes: number;
  /** An empty queue gives up an array that has grown beyond this. */
  readonly keptBytes: number;
}

/** Bytes that are appended at the end and taken off at the start. The content is bytes[start, end). */
export class ByteQueue {
  bytes: Uint8Array<ArrayBuffer>;
  start = 0;
  end = 0;
  readonly #options: ByteQueueOptions;

  constructor(options: ByteQueueOptions) {
    this.#options = options;
    this.bytes = newArray(options.initialBytes);
  }

  get length(): number {
    return this.end - this.start;
  }

  /** Makes room for `size` more bytes at the end. The content may move to another place or array. */
  ensure(size: number): void {
    const { bytes, start, end } = this;
    if (end + size <= bytes.length) return;
    const needed = this.length + size;
    if (needed <= bytes.length / 2) {
      copyBytes(bytes, start, end, bytes, 0);
    } else {
      const grown = Math.min(bytes.length * 2, bytes.length + maxGrowthBytes);
      this.bytes = withCapacity(Math.max(needed, grown), bytes, start, end);
    }
    this.end = end - start;
    this.start = 0;
  }

  /** Appends bytes[start, end). */
  append(bytes: Uint8Array, start: number, end: number): void {
    this.ensure(end - start);
    copyBytes(bytes, start, end, this.bytes, this.end);
    this.end += end - start;
  }

  /** Makes bytes[start, end) the content of an empty queue, without a copy. The array belongs to the queue from then on. */
  adopt(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
  }

  /** Takes `count` bytes off the start. */
  take(count: number): void {
    this.start += count;
    if (this.start === this.end) this.clear();
  }

  /** Drops the content. */
  clear(): void {
    this.start = 0;
    this.end = 0;
    const { initialBytes, keptBytes } = this.#options;
    if (this.bytes.length > keptBytes) this.bytes = newArray(initialBytes);
  }
}

const noBytes = new Uint8Array(0);

const newArray = (bytes: number): Uint8Array<ArrayBuffer> => (bytes === 0 ? noBytes : new Uint8Array(bytes));
