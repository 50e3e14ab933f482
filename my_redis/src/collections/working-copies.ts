import type { Database } from "../keyspace/database.ts";
import { copyBytes } from "../memory/copy-bytes.ts";
import { giveBackPages } from "../memory/fresh-pages.ts";
import {
  distinctPlaces,
  input,
  kernelBytes,
  kernelMemory,
  kernelWords,
  longStrings,
  openKernel,
  packed,
  requestState,
  resultWords,
  wordEnds,
  wordStarts,
  workingArea,
  workingBytes,
  workingSlots,
  workingState,
  workingTable,
} from "../memory/kernels/kernel-memory.ts";
import * as record from "../memory/record.ts";
import { maxDistinctElements } from "../values/distinct-elements.ts";
import { listLimits, maxCountedNodeBytes } from "../values/list/list-limits.ts";
import { elementKernel } from "../values/open-element-kernel.ts";
import { packKernel } from "../values/open-pack-kernel.ts";
import { workingKernel as binary } from "./working-kernel-binary.ts";

/** What the kernel does for a command, by number. */
export const operation = { set: 1, incr: 2, hset: 3, sadd: 4, rpush: 5, lpush: 6, lpop: 7, rpop: 8, del: 9 } as const;
export type Operation = keyof typeof operation;

/** The function of working-kernel.wat. */
interface WorkingKernel {
  run(state: number, at: number, end: number): number;
}

const leftToCaller = 1;
const noRoom = 2;

/** What a look-up for the kernel gives. */
const missing = 0;
const noCopy = 1;
const copied = 2;
/** Longer values are changed where they are. */
const maxCopiedBytes = 4096;

/**
 * The state of the kernel, by its offsets in bytes:
 *
 *   0, 4          the state of request-kernel.wat, and the place of its results
 *   8, 12         the table of copies, and the mask for offsets in it
 *   16, 20        where the next copy begins, and the end of the memory for copies
 *   24, 28        the access clock and the mark of a record
 *   32, 36        the number of slots in use, and how many may be
 *   40, 44        changes and requests, since they were last taken
 *   48 to 56      areas of memory
 *   60 to 80      limits: entries and bytes of hashes and sets; bytes and elements of lists
 *   84 to 96      the last request, the copy of its key, and the slot; see working-kernel.wat
 *   100, 104      where the words of a request start and end
 *   108, 112      the size and the address of the record that was looked up last
 *   120           numbers that other kernels give
 *   160, 164      the area for long strings, and how many there are
 */
const state = workingState / 4;
const nextCopy = state + 4;
const usedSlots = state + 8;
const changes = state + 10;
const requests = state + 11;
const lastAt = state + 21;
const lastAfter = state + 22;
const lastCopy = state + 23;
const lastSlot = state + 24;
const foundSize = state + 27;
const foundAddress = state + 28;
const stringCount = state + 41;
const stringEntries = new Int32Array(kernelMemory.buffer, longStrings);
const signedWords = new Int32Array(kernelMemory.buffer);
const clockBits = 8;
const copyHeaderBytes = 16;
const tableWords = workingTable / 4;

const copiedKinds = new Set<number>([
  record.valueType.string | (record.encoding.raw << 4),
  record.valueType.string | (record.encoding.integer << 4),
  record.valueType.string | (record.encoding.embedded << 4),
  record.valueType.list | (record.encoding.packed << 4),
  record.valueType.set | (record.encoding.packed << 4),
  record.valueType.hash | (record.encoding.packed << 4),
]);

/** The place of the copy that was made after this one. */
const copyAfter = (copy: number): number => copy + copyHeaderBytes + (kernelWords[copy / 4 + 2] as number);

/** The first slot of the table, as a place among the words, that a copy may have; it has that one or one that follows. */
const firstSlotOf = (copy: number): number => tableWords + ((kernelWords[copy / 4] as number) % workingSlots) * 2;
const slotAfter = (slot: number): number => tableWords + ((slot + 2 - tableWords) % (workingSlots * 2));

/** Whether a copy is still that of its key: it may have been replaced by a larger one, or given back. */
function isInTable(copy: number): boolean {
  for (let slot = firstSlotOf(copy); ; slot = slotAfter(slot)) {
    if (kernelWords[slot + 1] === copy) return true;
    if (kernelWords[slot + 1] === 0) return false;
  }
}

/** Empties the slots from a copy's first one on. When that was done for all copies, the table is empty. */
function emptySlots(copy: number): void {
  for (let slot = firstSlotOf(copy); kernelWords[slot + 1] !== 0; slot = slotAfter(slot)) {
    kernelWords[slot] = 0;
    kernelWords[slot + 1] = 0;
  }
}

/** Takes an entry out of the table. Those that follow move up, so that each is found from its first slot on without a gap. */
function removeSlot(removed: number): void {
  let gap = removed;
  for (let slot = slotAfter(gap); kernelWords[slot + 1] !== 0; slot = slotAfter(slot)) {
    const first = firstSlotOf(kernelWords[slot + 1] as number);
    const isReached = gap <= slot ? gap < first && first <= slot : gap < first || first <= slot;
    if (isReached) continue;
    kernelWords.copyWithin(gap, slot, slot + 2);
    gap = slot;
  }
  kernelWords[gap] = 0;
  kernelWords[gap + 1] = 0;
  kernelWords[usedSlots] = (kernelWords[usedSlots] as number) - 1;
}

let kernel: WorkingKernel | undefined;
let fetchRecord: (hash: number, key: number, length: number) => number;

function openWorkingKernel(requestKernel: object): WorkingKernel {
  const imports = {
    requests: { ...requestKernel },
    packing: { ...packKernel() },
    elements: { ...elementKernel() },
    records: { fetch: (hash: number, key: number, length: number) => fetchRecord(hash, key, length) },
  };
  return openKernel(binary, imports) as unknown as WorkingKernel;
}

/**
 * Copies of small values in the memory of the kernels, which a kernel changes as the requests of a log say. They go back to
 * the database when something else needs them: `giveBack`. Only one object of this class may have copies at a time, and
 * nobody else may read or change the database meanwhile.
 */
export class WorkingCopies {
  readonly database: Database;
  /** The place after the request that `run` has left to the caller; 0 if it met something else. */
  after = 0;
  /** The number of requests that `run` has carried out. */
  requests = 0;

  /** `requestKernel`: the functions that find requests; see log-reader.ts. */
  constructor(database: Database, requestKernel: object) {
    this.database = database;
    fetchRecord = this.#fetch;
    kernel ??= openWorkingKernel(requestKernel);
    const { accessClock, heap, limits } = database.keyspace;
    const { maxBytes, maxCount } = listLimits(limits["list-max-listpack-size"]);
    const counted = maxCount !== Infinity;
    kernelWords.set([requestState, resultWords, workingTable, workingSlots * 8 - 8], state);
    // A load that was refused has left its copies.
    if (kernelWords[usedSlots] !== 0) kernelBytes.fill(0, workingTable, workingTable + workingSlots * 8);
    kernelWords.set([workingArea, workingArea + workingBytes], nextCopy);
    kernelWords.set([accessClock.fresh << clockBits, heap.mark, 0, (workingSlots * 3) / 4, 0, 0], state + 6);
    kernelWords.set([input, packed, distinctPlaces], state + 12);
    kernelWords.set(
      [
        Math.min(limits["hash-max-listpack-entries"], maxDistinctElements),
        Math.min(limits["hash-max-listpack-value"], workingBytes),
        Math.min(limits["set-max-listpack-entries"], maxDistinctElements),
        Math.min(limits["set-max-listpack-value"], workingBytes),
        counted ? maxCountedNodeBytes : maxBytes,
        counted ? maxCount : workingBytes,
      ],
      state + 15,
    );
    kernelWords.set([wordStarts, wordEnds], state + 25);
    kernelWords.set([longStrings, 0], state + 40);
  }

  /** Gives all copies back, and the memory that they had to the system. */
  close(): void {
    this.giveBack();
    giveBackPages(kernelBytes.subarray(workingTable, workingArea + workingBytes));
  }

  /**
   * Runs requests of known commands from a place on. Gives the place of the first that is left to the caller, or of what is
   * no such request. If that request has a copy of its key, the copy has been given back.
   */
  run(from: number, end: number): number {
    const { keyspace } = this.database;
    let outcome = (kernel as WorkingKernel).run(workingState, from, end);
    while (outcome === noRoom) {
      this.giveBack();
      outcome = (kernel as WorkingKernel).run(workingState, kernelWords[lastAt] as number, end);
    }
    this.#putStrings();
    keyspace.dirty += kernelWords[changes] as number;
    this.requests += kernelWords[requests] as number;
    kernelWords[changes] = 0;
    kernelWords[requests] = 0;
    this.after = outcome === leftToCaller ? (kernelWords[lastAfter] as number) : 0;
    if (outcome === leftToCaller && kernelWords[lastCopy] !== 0) {
      this.#put(kernelWords[lastCopy] as number);
      removeSlot((kernelWords[lastSlot] as number) / 4);
    }
    return kernelWords[lastAt] as number;
  }

  /** Gives all copies back to the database. Takes time for the copies that there are, not for the size of the table. */
  giveBack(): void {
    if (kernelWords[nextCopy] === workingArea) return;
    const end = kernelWords[nextCopy] as number;
    for (let copy = workingArea; copy < end; copy = copyAfter(copy)) if (isInTable(copy)) this.#put(copy);
    for (let copy = workingArea; copy < end; copy = copyAfter(copy)) emptySlots(copy);
    kernelWords[nextCopy] = workingArea;
    kernelWords[usedSlots] = 0;
  }

  /** Sets the long strings that the kernel has noted. None of their keys has a copy. */
  #putStrings(): void {
    const count = kernelWords[stringCount] as number;
    if (count === 0) return;
    kernelWords[stringCount] = 0;
    this.database.loadStrings(stringEntries, count, kernelBytes);
  }

  #put(copy: number): void {
    const at = copy / 4;
    const hash = signedWords[at] as number;
    const old = signedWords[at + 1] as number;
    if (signedWords[at + 3] !== 0) {
      if (old !== 0) this.database.removeRecord(hash, old);
      return;
    }
    const keyWord = signedWords[at + 5] as number;
    const withExpiry = keyWord < 0;
    const size = record.recordBytes(keyWord & record.maxKeyBytes, signedWords[at + 6] as number, withExpiry);
    this.database.putRecord(hash, old, kernelBytes, copy + copyHeaderBytes, size, withExpiry);
  }

  readonly #fetch = (hash: number, key: number, length: number): number => {
    const { heap } = this.database.keyspace;
    this.#putStrings();
    const address = this.database.keys.find(hash, kernelBytes, key, key + length);
    if (address === 0) return missing;
    const valueLength = record.valueLengthOf(heap, address);
    if (!copiedKinds.has(record.kindOf(heap, address)) || valueLength > maxCopiedBytes) return noCopy;
    const size = record.recordBytes(length, valueLength, record.hasExpiry(heap, address));
    const start = record.recordStartOf(address);
    copyBytes(record.bytesOf(heap, address), start, start + size, kernelBytes, input);
    kernelWords[foundSize] = size;
    kernelWords[foundAddress] = address;
    return copied;
  };
}
