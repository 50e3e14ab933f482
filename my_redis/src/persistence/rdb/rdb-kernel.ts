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
import { rdbKernel as binary } from "./rdb-kernel-binary.ts";

/** The functions of rdb-kernel.wat. Both give the number of keys or elements that were read. */
interface RdbKernel {
  keys(state: number, out: number, room: number): number;
  elements(state: number, out: number, room: number, width: number): number;
}

let opened: RdbKernel | undefined;
let openPage: (sizeClass: number) => void;

/** The kernel. `open`: makes room for a block of a size class. */
export function rdbKernel(open: (sizeClass: number) => void): RdbKernel {
  openPage = open;
  return (opened ??= openKernel(binary, {
    elements: { ...elementKernel() },
    lzf: { ...lzfKernel() },
    pages: { open: (sizeClass: number) => openPage(sizeClass) },
  }) as unknown as RdbKernel);
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

/** Where the kernel continues in the file, as a place in its memory. */
export const nextPlace = (): number => kernelWords[state] as number;

export function setPlace(at: number, end: number): void {
  kernelWords[state] = at;
  kernelWords[state + 1] = end;
}
