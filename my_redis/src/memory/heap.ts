import { FreshPages, hugePageBytes } from "./fresh-pages.ts";

/**
 * Byte memory for records, off the JavaScript heap.
 *
 * Memory comes in segments of 64 MiB, cut into pages of 64 KiB. A page holds blocks of one size class; when its last
 * block is freed the page goes back to its segment, and a segment whose last page went back is given to the system.
 * A block over 32 KiB takes whole pages in a row, one over half a segment has a segment of its own.
 *
 * An address is a signed 32-bit number of 8-byte units (signed, so that engines keep it in a machine integer): the
 * upper 9 bits name the segment, the lower 23 the unit in it.
 * Address 0 is never given out, and means "none". In all: 512 segments, 32 GiB.
 */
export type Address = number;

const segmentBytes = 1 << 26;
const pageBytes = 1 << 16;
const pagesPerSegment = segmentBytes / pageBytes;
export const unitBits = 23;
export const unitMask = (1 << unitBits) - 1;
const maxSegments = 512;
const maxPooledBlockBytes = 1 << 15;

/**
 * Block sizes: every 8 bytes to 512, since most records are small. Above, a page is divided into equal blocks: the
 * sizes grow in steps of a sixteenth, until a page has room for fewer than sixteen blocks; from there on there is a
 * size for each number of blocks.
 */
const classSizes = sizesOfClasses();

function sizesOfClasses(): readonly number[] {
  const sizes: number[] = [];
  for (let size = 16; size <= 512; size += 8) sizes.push(size);
  for (let blocks = pageBytes / 512; blocks >= pageBytes / maxPooledBlockBytes; blocks--) {
    const size = Math.floor(pageBytes / blocks / 8) * 8;
    if (blocks <= 16 || size >= (sizes.at(-1) as number) * (17 / 16)) sizes.push(size);
  }
  return sizes;
}

/** Size class by size in 8-byte units, so that a look-up is one array read. */
const classByUnits = new Uint8Array(maxPooledBlockBytes / 8 + 1);
for (let sizeClass = 0, units = 0; sizeClass < classSizes.length; sizeClass++) {
  const end = (classSizes[sizeClass] as number) / 8 + 1;
  classByUnits.fill(sizeClass, units, end);
  units = end;
}

// The use of a page, if it is not the number of its size class.
const pageFree = 255;
const pageLargeHead = 254;
const pageLargeTail = 253;
const none = 0xffffffff;
const markBit = 1 << 30;

/** The state of one segment's pages. Unused by a segment that holds a single huge block. */
class SegmentPages {
  readonly use = new Uint8Array(pagesPerSegment).fill(pageFree);
  /** Of a pooled page: the number of blocks in use. Of the first page of a large block: the number of its pages. */
  readonly used = new Uint16Array(pagesPerSegment);
  /**
   * The first free block of a pooled page, as a unit in the segment; 0 for none. Each free block's first word is the
   * next one.
   */
  readonly freeHead = new Uint32Array(pagesPerSegment);
  /** Units of a page from this one on have never been in use. */
  readonly untouched = new Uint32Array(pagesPerSegment);
  /** Neighbours in the list of pages of a class that have room, as segment * pagesPerSegment + page. */
  readonly next = new Uint32Array(pagesPerSegment).fill(none);
  readonly previous = new Uint32Array(pagesPerSegment).fill(none);
  freePages = pagesPerSegment;
  /** No page below this one is free. */
  lowestFree = 0;
  /** The system was asked for its memory up to this place. A segment with little content does without. */
  askedTo = hugePageBytes;
}

/** The heap cannot hold what it was asked to hold. The message says which limit was met. */
export class HeapLimitError extends Error {}

export class Heap {
  /** Bytes of each segment, by segment number. Index with `address >>> 23`. */
  readonly bytes: Uint8Array[] = [];
  /** The same memory as 32-bit words in the machine's order. */
  readonly words: Int32Array[] = [];
  /** Bytes in blocks handed out, by size of block. */
  usedBytes = 0;
  /** Bit 30 of the second word of every new record. Between two snapshots, all records have this bit. */
  mark = 0;
  /** How often the mark has turned. */
  turns = 0;
  /** Bytes of arrays outside the heap that belong to the data: indexes and trees. Their owners add to this count. */
  besideBytes = 0;
  /**
   * The limit for blocks and those arrays together. The heap does not enforce it, but indexes postpone growing near it.
   */
  limitBytes = Number.POSITIVE_INFINITY;
  /** Gives the pages of new memory, while much of it is being filled. */
  #freshPages: FreshPages | undefined;

  readonly #pages: (SegmentPages | undefined)[] = [];
  readonly #partial = new Uint32Array(classSizes.length).fill(none);

  /** From now on, new records have another mark than the existing ones. */
  turnMark(): void {
    this.mark ^= markBit;
    this.turns++;
  }

  /**
   * Runs what loads much data while no client is served. The system is asked for new memory in large steps meanwhile, which
   * is faster in all, although it may take long for a single step.
   */
  fill<Result>(load: () => Result): Result {
    if (this.#freshPages !== undefined) return load();
    this.#freshPages = new FreshPages();
    try {
      return load();
    } finally {
      this.#freshPages = undefined;
    }
  }

  /** To be called for a new array that will be full soon. */
  askForPages(array: Uint8Array | Int32Array): void {
    if (array.byteLength > hugePageBytes) this.#freshPages?.ask(array, 0, array.byteLength);
  }

  /** Allocates a block of at least `size` bytes. Its content is undefined. Throws HeapLimitError; nothing has changed then. */
  allocate(size: number): Address {
    if (size > maxPooledBlockBytes) return this.#allocateLarge(size);
    const sizeClass = classByUnits[(size + 7) >>> 3] as number;
    let page = this.#partial[sizeClass] as number;
    if (page === none) page = this.#openPage(sizeClass);
    const segment = Math.floor(page / pagesPerSegment);
    const index = page % pagesPerSegment;
    const pages = this.#pages[segment] as SegmentPages;
    const blockUnits = (classSizes[sizeClass] as number) >>> 3;
    let unit = pages.freeHead[index] as number;
    if (unit !== 0) {
      pages.freeHead[index] = (this.words[segment] as Int32Array)[unit * 2] as number;
    } else {
      unit = pages.untouched[index] as number;
      pages.untouched[index] = unit + blockUnits;
    }
    pages.used[index] = (pages.used[index] as number) + 1;
    if (!this.#hasRoom(pages, index, blockUnits)) this.#unlink(sizeClass, segment, index);
    this.usedBytes += blockUnits * 8;
    return (segment << unitBits) | unit;
  }

  /** The size of the blocks of a class, in bytes. */
  static classBytes(sizeClass: number): number {
    return classSizes[sizeClass] as number;
  }

  /** Size class by size in 8-byte units, of all sizes that pages are divided into. */
  static get classByUnits(): Uint8Array {
    return classByUnits;
  }

  /**
   * Takes a page for blocks of one class, to be filled from its beginning by the caller. Gives the address of its first
   * block. `closePage` must follow. Throws HeapLimitError.
   */
  openPageToFill(sizeClass: number): Address {
    const { segment, index } = this.#takePages(1);
    const pages = this.#pages[segment] as SegmentPages;
    pages.use[index] = sizeClass;
    pages.freeHead[index] = 0;
    pages.untouched[index] = firstUnit(index);
    return (segment << unitBits) | firstUnit(index);
  }

  /** Ends the filling of a page that begins with `blocks` blocks in use, at least one. */
  closePage(first: Address, blocks: number): void {
    const segment = first >>> unitBits;
    const index = (first & unitMask) >>> 13;
    const pages = this.#pages[segment] as SegmentPages;
    const sizeClass = pages.use[index] as number;
    const blockUnits = (classSizes[sizeClass] as number) >>> 3;
    pages.used[index] = blocks;
    pages.untouched[index] = firstUnit(index) + blocks * blockUnits;
    this.usedBytes += blocks * blockUnits * 8;
    if (this.#hasRoom(pages, index, blockUnits)) this.#link(sizeClass, segment, index);
  }

  /** As `allocate`, to move content to a smaller block: gives 0 when there is no memory for that block. */
  allocateSmaller(size: number): Address {
    try {
      return this.allocate(size);
    } catch (error) {
      if (error instanceof HeapLimitError) return 0;
      throw error;
    }
  }

  /** Frees a block. The address must come from `allocate`, and may be freed only once. */
  free(address: Address): void {
    const segment = address >>> unitBits;
    const pages = this.#pages[segment];
    if (pages === undefined) {
      this.usedBytes -= (this.bytes[segment] as Uint8Array).length;
      this.#dropSegment(segment);
      return;
    }
    const unit = address & unitMask;
    const index = unit >>> 13;
    const use = pages.use[index] as number;
    if (use === pageLargeHead) {
      this.#freeLarge(segment, pages, index);
      return;
    }
    const blockUnits = (classSizes[use] as number) >>> 3;
    const hadRoom = this.#hasRoom(pages, index, blockUnits);
    (this.words[segment] as Int32Array)[unit * 2] = pages.freeHead[index] as number;
    pages.freeHead[index] = unit;
    const used = (pages.used[index] as number) - 1;
    pages.used[index] = used;
    this.usedBytes -= blockUnits * 8;
    if (!hadRoom) this.#link(use, segment, index);
    // The last page of a class stays open, so that a single block that comes and goes does not open a page each time.
    if (used === 0 && !this.#isOnlyPartial(use, pages, index)) {
      this.#unlink(use, segment, index);
      this.#releasePages(segment, pages, index, 1);
    }
  }

  /** Bytes that the block at this address can hold. */
  capacity(address: Address): number {
    const segment = address >>> unitBits;
    const pages = this.#pages[segment];
    if (pages === undefined) return (this.bytes[segment] as Uint8Array).length - 8;
    const index = (address & unitMask) >>> 13;
    const use = pages.use[index] as number;
    if (use === pageLargeHead) return (pages.used[index] as number) * pageBytes - (index === 0 ? 8 : 0);
    return classSizes[use] as number;
  }

  hasRoomBeside(bytes: number): boolean {
    return this.usedBytes + this.besideBytes + bytes <= this.limitBytes;
  }

  /** Bytes of memory allocated from the system. */
  get reservedBytes(): number {
    let total = 0;
    for (const [number, bytes] of this.bytes.entries()) {
      const pages = this.#pages[number];
      total += pages === undefined ? bytes.length : (pagesPerSegment - pages.freePages) * pageBytes;
    }
    return total;
  }

  #hasRoom(pages: SegmentPages, index: number, blockUnits: number): boolean {
    return pages.freeHead[index] !== 0 || (pages.untouched[index] as number) + blockUnits <= (index + 1) << 13;
  }

  #isOnlyPartial(sizeClass: number, pages: SegmentPages, index: number): boolean {
    return pages.next[index] === none && pages.previous[index] === none && this.#partial[sizeClass] !== none;
  }

  #link(sizeClass: number, segment: number, index: number): void {
    const page = segment * pagesPerSegment + index;
    const pages = this.#pages[segment] as SegmentPages;
    const head = this.#partial[sizeClass] as number;
    pages.next[index] = head;
    pages.previous[index] = none;
    if (head !== none) {
      (this.#pages[Math.floor(head / pagesPerSegment)] as SegmentPages).previous[head % pagesPerSegment] = page;
    }
    this.#partial[sizeClass] = page;
  }

  #unlink(sizeClass: number, segment: number, index: number): void {
    const pages = this.#pages[segment] as SegmentPages;
    const next = pages.next[index] as number;
    const previous = pages.previous[index] as number;
    if (next !== none) {
      (this.#pages[Math.floor(next / pagesPerSegment)] as SegmentPages).previous[next % pagesPerSegment] = previous;
    }
    if (previous === none) this.#partial[sizeClass] = next;
    else (this.#pages[Math.floor(previous / pagesPerSegment)] as SegmentPages).next[previous % pagesPerSegment] = next;
    pages.next[index] = none;
    pages.previous[index] = none;
  }

  #openPage(sizeClass: number): number {
    const { segment, index } = this.#takePages(1);
    const pages = this.#pages[segment] as SegmentPages;
    pages.use[index] = sizeClass;
    pages.used[index] = 0;
    pages.freeHead[index] = 0;
    pages.untouched[index] = firstUnit(index);
    this.#link(sizeClass, segment, index);
    return segment * pagesPerSegment + index;
  }

  #allocateLarge(size: number): Address {
    const pageCount = Math.ceil((size + 8) / pageBytes);
    if (pageCount > pagesPerSegment / 2) return this.#allocateHuge(size);
    const { segment, index } = this.#takePages(pageCount);
    const pages = this.#pages[segment] as SegmentPages;
    pages.use.fill(pageLargeTail, index, index + pageCount);
    pages.use[index] = pageLargeHead;
    pages.used[index] = pageCount;
    this.usedBytes += pageCount * pageBytes;
    return (segment << unitBits) | firstUnit(index);
  }

  #allocateHuge(size: number): Address {
    const segment = this.#addSegment(newSegment(8 + Math.ceil(size / 8) * 8), undefined);
    const bytes = this.bytes[segment] as Uint8Array;
    this.askForPages(bytes);
    this.usedBytes += bytes.length;
    return (segment << unitBits) | 1;
  }

  #freeLarge(segment: number, pages: SegmentPages, index: number): void {
    const pageCount = pages.used[index] as number;
    this.usedBytes -= pageCount * pageBytes;
    this.#releasePages(segment, pages, index, pageCount);
  }

  /** First fit over the segments, lowest page first, so that the ends of segments empty out. */
  #takePages(count: number): { segment: number; index: number } {
    for (let segment = 0; segment < this.#pages.length; segment++) {
      const pages = this.#pages[segment];
      if (pages === undefined || pages.freePages < count) continue;
      const index = findRun(pages, count);
      if (index >= 0) return this.#claim(segment, pages, index, count);
    }
    const pages = new SegmentPages();
    const segment = this.#addSegment(newSegment(segmentBytes), pages);
    return this.#claim(segment, pages, 0, count);
  }

  #claim(segment: number, pages: SegmentPages, index: number, count: number): { segment: number; index: number } {
    pages.freePages -= count;
    const end = (index + count) * pageBytes;
    if (this.#freshPages !== undefined && end > pages.askedTo) {
      pages.askedTo = this.#freshPages.ask(this.bytes[segment] as Uint8Array, pages.askedTo, end);
    }
    if (pages.lowestFree === index) pages.lowestFree = index + count;
    // The pages are marked as used at once; the caller then says what for.
    pages.use.fill(pageLargeTail, index, index + count);
    return { segment, index };
  }

  #releasePages(segment: number, pages: SegmentPages, index: number, count: number): void {
    pages.use.fill(pageFree, index, index + count);
    pages.used[index] = 0;
    pages.freePages += count;
    if (index < pages.lowestFree) pages.lowestFree = index;
    if (pages.freePages === pagesPerSegment && this.#segmentCount() > 1) this.#dropSegment(segment);
  }

  #segmentCount(): number {
    return this.#pages.reduce((count, pages) => count + (pages === undefined ? 0 : 1), 0);
  }

  #addSegment(bytes: Uint8Array, pages: SegmentPages | undefined): number {
    let segment = this.bytes.findIndex((existing) => existing.length === 0);
    if (segment < 0) segment = this.bytes.length;
    if (segment >= maxSegments) {
      throw new HeapLimitError(`the record heap is full: ${maxSegments} segments of ${segmentBytes} bytes`);
    }
    this.bytes[segment] = bytes;
    this.words[segment] = new Int32Array(bytes.buffer);
    this.#pages[segment] = pages;
    return segment;
  }

  #dropSegment(segment: number): void {
    this.bytes[segment] = emptyBytes;
    this.words[segment] = emptyWords;
    this.#pages[segment] = undefined;
  }
}

/** Unit 0 of a segment stays unused, so that no block has address 0 and a free list can end in 0. */
const firstUnit = (page: number): number => (page === 0 ? 1 : page << 13);

function newSegment(bytes: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(bytes);
  } catch (error) {
    throw new HeapLimitError(`the system gave no memory for a block of ${bytes} bytes`, { cause: error });
  }
}

const emptyBytes = new Uint8Array(0);
const emptyWords = new Int32Array(0);

function findRun(pages: SegmentPages, count: number): number {
  let run = 0;
  for (let index = pages.lowestFree; index < pagesPerSegment; index++) {
    if (pages.use[index] !== pageFree) run = 0;
    else if (++run === count) return index - count + 1;
  }
  return -1;
}
