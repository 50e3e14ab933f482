import { copyBytes } from "./copy-bytes.ts";
import { type Address, Heap, unitBits, unitMask } from "./heap.ts";
import {
  heapPageBytes,
  heapPages,
  heapPageStride,
  kernelBytes,
  kernelWords,
  maxSizeClasses,
  pageTable,
  sizeClassTable,
} from "./kernels/kernel-memory.ts";

/**
 * Pages of the heap that a kernel is filling with records. They lie in the memory of the kernels, one for each size
 * class, and are copied to the heap when they are full. The kernel knows them by a table of four words for each class:
 *
 *   word 0   where the next block begins
 *   word 1   the first place at which no block fits; 0 while there is no page
 *   word 2   what has to be added to an eighth of a place for the address of the block
 *   word 3   the size of a block
 *
 * There is one such object at a time.
 */
export class StagedPages {
  readonly #heap: Heap;
  /** By size class: the address of the page's first block; 0 while there is no page. */
  readonly #first = new Int32Array(maxSizeClasses);
  /** By size class: up to here, the heap has the content of the page. */
  readonly #copiedTo = new Int32Array(maxSizeClasses);
  #open: number[] = [];

  constructor(heap: Heap) {
    this.#heap = heap;
    kernelBytes.set(Heap.classByUnits, sizeClassTable);
    kernelWords.fill(0, wordsOf(0), wordsOf(maxSizeClasses));
  }

  /** Opens a page for a class that has no room. Throws HeapLimitError. */
  readonly open = (sizeClass: number): void => {
    if (this.#first[sizeClass] === 0) this.#open.push(sizeClass);
    else this.#close(sizeClass);
    const first = this.#heap.openPageToFill(sizeClass);
    const page = heapPages + sizeClass * heapPageStride;
    const place = page + (first & (heapPageBytes / 8 - 1)) * 8;
    const words = wordsOf(sizeClass);
    const blockBytes = Heap.classBytes(sizeClass);
    kernelWords[words] = place;
    kernelWords[words + 1] = page + heapPageBytes - blockBytes + 1;
    kernelWords[words + 2] = first - place / 8;
    kernelWords[words + 3] = blockBytes;
    this.#first[sizeClass] = first;
    this.#copiedTo[sizeClass] = place;
  };

  /** Copies all records to the heap, so that they can be found there. The pages stay open. */
  sync(): void {
    for (const sizeClass of this.#open) this.#copy(sizeClass);
  }

  /** Gives the pages to the heap. */
  close(): void {
    const open = this.#open;
    this.#open = [];
    for (const sizeClass of open) this.#close(sizeClass);
  }

  #copy(sizeClass: number): void {
    const from = this.#copiedTo[sizeClass] as number;
    const next = kernelWords[wordsOf(sizeClass)] as number;
    if (next === from) return;
    const first = this.#first[sizeClass] as Address;
    const page = heapPages + sizeClass * heapPageStride;
    const pageStart = ((first & unitMask) * 8) & -heapPageBytes;
    copyBytes(kernelBytes, from, next, this.#heap.bytes[first >>> unitBits] as Uint8Array, pageStart + from - page);
    this.#copiedTo[sizeClass] = next;
  }

  #close(sizeClass: number): void {
    this.#copy(sizeClass);
    const first = this.#first[sizeClass] as Address;
    const page = heapPages + sizeClass * heapPageStride;
    const start = page + (first & (heapPageBytes / 8 - 1)) * 8;
    const next = kernelWords[wordsOf(sizeClass)] as number;
    this.#heap.closePage(first, (next - start) / Heap.classBytes(sizeClass));
    kernelWords[wordsOf(sizeClass) + 1] = 0;
    this.#first[sizeClass] = 0;
  }
}

const wordsOf = (sizeClass: number): number => pageTable / 4 + sizeClass * 4;
