/**
 * Fills a heap in the way that its argument names, and prints which parts of it ask for huge pages. It is a process of its
 * own: memory that was used before may ask for huge pages still when it is used again.
 */
import { ptr } from "bun:ffi";
import { readFileSync } from "node:fs";
import { hugePageBytes } from "../../src/memory/fresh-pages.ts";
import { Heap } from "../../src/memory/heap.ts";

/** Large enough for a segment of its own. */
const hugeBlockBytes = 1 << 26;

/** Whether a part of an array asks for huge pages: the flag "hg" of its mappings in /proc/self/smaps. */
function asksForHugePages(bytes: Uint8Array, from: number, to: number): boolean {
  const address = ptr(bytes);
  let isPart = false;
  for (const line of readFileSync("/proc/self/smaps", "latin1").split("\n")) {
    const range = /^([0-9a-f]+)-([0-9a-f]+) /.exec(line);
    if (range !== null) isPart = Number(`0x${range[1]}`) < address + to && Number(`0x${range[2]}`) > address + from;
    else if (isPart && line.startsWith("VmFlags:") && line.split(" ").includes("hg")) return true;
  }
  return false;
}

const heap = new Heap();
const firstSegment = (): Uint8Array => heap.bytes[0] as Uint8Array;

const ways: Readonly<Record<string, () => readonly boolean[]>> = {
  loading: () => {
    heap.fill(() => heap.allocate(hugeBlockBytes));
    return [asksForHugePages(firstSegment(), 0, hugeBlockBytes)];
  },
  serving: () => {
    heap.allocate(hugeBlockBytes);
    return [asksForHugePages(firstSegment(), 0, hugeBlockBytes)];
  },
  "loading fails, then serving": () => {
    const allocateThreePages = (): void => {
      for (let bytes = 0; bytes < 3 * hugePageBytes; bytes += 32_768) heap.allocate(32_768);
    };
    try {
      heap.fill(() => {
        allocateThreePages();
        throw new Error("the file is damaged");
      });
    } catch {
      allocateThreePages();
    }
    const end = 5 * hugePageBytes;
    return [asksForHugePages(firstSegment(), 0, end), asksForHugePages(firstSegment(), end, firstSegment().length)];
  },
};

const way = ways[process.argv[2] ?? ""];
if (way === undefined) throw new Error(`the first argument must be one of: ${Object.keys(ways).join("; ")}`);
console.log(JSON.stringify(way()));
