import {
  decompressed,
  decompressedBytes,
  distinctPlaces,
  kernelMemory,
  kernelWords,
  loadedEntries,
  loaderState,
  openKernel,
  packed,
  packedBytes,
  pageTable,
  resultWords,
  sizeClassTable,
} from "../../memory/kernels/kernel-memory.ts";
import type { KeyspaceCore } from "../../keyspace/keyspace-core.ts";
import type { ValueLimits } from "../../keyspace/value-limits.ts";
import { maxDistinctElements } from "../../values/distinct-elements.ts";
import { listLimits, maxCountedNodeBytes } from "../../values/list/list-limits.ts";
import { elementKernel } from "../../values/open-element-kernel.ts";
import { lzfKernel } from "./lzf.ts";
import { nodeKernel } from "./node-kernel-binary.ts";
import { hashKernel } from "../../memory/open-hash-kernel.ts";
import { rdbKernel as binary } from "./rdb-kernel-binary.ts";

/** Functions of rdb-kernel.wat and node-kernel.wat. Each gives the number of keys, elements or nodes that were read. */
interface RdbKernel {
  keys(state: number, out: number, room: number): number;
  elements(state: number, out: number, room: number, width: number): number;
  listNodes(state: number, out: number, room: number): number;
  streamNodes(state: number, out: number, room: number): number;
}

let opened: RdbKernel | undefined;
let openPage: (sizeClass: number) => void;

/** The kernel. `open`: makes room for a block of a size class. */
export function rdbKernel(open: (sizeClass: number) => void): RdbKernel {
  openPage = open;
  return (opened ??= openKernels());
}

function openKernels(): RdbKernel {
  const elements = { ...elementKernel() };
  const records = openKernel(binary, {
    elements,
    hash: { ...hashKernel() },
    lzf: { ...lzfKernel() },
    pages: { open: (sizeClass: number) => openPage(sizeClass) },
  });
  return { ...records, ...openKernel(nodeKernel, { elements, records }) } as unknown as RdbKernel;
}

/** The words of the entries that the kernel gives, as signed integers, and their scores. */
export const entryWords = new Int32Array(kernelMemory.buffer, loadedEntries);
export const entryScores = new Float64Array(kernelMemory.buffer, loadedEntries);

/**
 * The state of the kernel, by its offsets in bytes:
 *
 *   0, 4          the next position of the file, and the end of what was read of it
 *   8, 12         the key of the hash
 *   16, 20        the access clock of new records, and their mark
 *   24            keys that expire up to this moment are left to the caller, 8 bytes
 *   36 to 60      the last string; see rdb-kernel.wat
 *   64 to 92      limits: entries and bytes of hashes, sets, and sorted sets; bytes and elements of lists
 *   96 to 124     areas of memory
 *   128, 132      the address of the last block, and the number of elements that were checked last
 *   136           the usual size of a block for elements of a list
 *   140           whether the last scores were in descending order
 *   144           the bytes of the last blocks
 */
const state = loaderState / 4;
const momentWords = new BigInt64Array(kernelMemory.buffer, loaderState + 24, 1);

const clockBits = 8;
const mostEntries = 0x7fffffff;

/** Prepares the kernel for the records of a keyspace. `expiredUntilMs` is at least -1. */
export function setRecordsState(
  { accessClock, environment, heap, limits }: KeyspaceCore,
  expiredUntilMs: number,
): void {
  const [key0, key1] = environment.hashKeys;
  kernelWords.set([key0, key1, accessClock.fresh << clockBits, heap.mark], state + 2);
  momentWords[0] = BigInt(Math.floor(expiredUntilMs));
  kernelWords.set(limitWords(limits), state + 16);
  const areas = [decompressed, decompressed + decompressedBytes, packed, packed + packedBytes];
  kernelWords.set([...areas, sizeClassTable, pageTable, distinctPlaces, resultWords], state + 24);
  kernelWords[state + 34] = listLimits(limits["list-max-listpack-size"]).chunkBytes;
}

function limitWords(limits: ValueLimits): readonly number[] {
  const { maxBytes, maxCount } = listLimits(limits["list-max-listpack-size"]);
  const entries = (limit: number): number => Math.min(limit, maxDistinctElements);
  const byCount = maxCount !== Infinity;
  return [
    entries(limits["hash-max-listpack-entries"]),
    Math.min(limits["hash-max-listpack-value"], mostEntries),
    entries(limits["set-max-listpack-entries"]),
    Math.min(limits["set-max-listpack-value"], mostEntries),
    entries(limits["zset-max-listpack-entries"]),
    Math.min(limits["zset-max-listpack-value"], mostEntries),
    byCount ? maxCountedNodeBytes : maxBytes,
    byCount ? maxCount : mostEntries,
  ];
}

/** Whether the scores of the last elements, and the members where scores are equal, are known to be in descending order. */
export const areDescending = (): boolean => kernelWords[state + 35] === 1;

/** The bytes of the heap that the last elements or nodes take. */
export const lastBlockBytes = (): number => kernelWords[state + 36] as number;

/** Where the kernel continues in the file, as a place in its memory. */
export const nextPlace = (): number => kernelWords[state] as number;

/** Says what the kernel reads next: the file from one place in its memory to another. */
export function setPlace(at: number, end: number): void {
  kernelWords[state] = at;
  kernelWords[state + 1] = end;
  kernelWords[state + 36] = 0;
}
