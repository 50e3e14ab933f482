import { ptr } from "bun:ffi";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "bun:test";
import { Heap } from "../../src/memory/heap.ts";

/** Large enough for a segment of its own. */
const hugeBlockBytes = 1 << 26;

/** Whether the system would give a huge page for the middle of an array: the flag "hg" of its mapping in /proc/self/smaps. */
function asksForHugePages(bytes: Uint8Array): boolean {
  const address = ptr(bytes) + bytes.length / 2;
  let found = false;
  for (const line of readFileSync("/proc/self/smaps", "latin1").split("\n")) {
    const range = /^([0-9a-f]+)-([0-9a-f]+) /.exec(line);
    if (range !== null) found = Number(`0x${range[1]}`) <= address && address < Number(`0x${range[2]}`);
    else if (found && line.startsWith("VmFlags:")) return line.split(" ").includes("hg");
  }
  throw new Error("the mapping of the array is missing in /proc/self/smaps");
}

describe.skipIf(process.platform !== "linux")("huge pages", () => {
  test("are asked for while data is loaded", () => {
    const heap = new Heap();
    heap.fill(() => {
      heap.allocate(hugeBlockBytes);
      expect(asksForHugePages(heap.bytes[0] as Uint8Array)).toBe(true);
    });
  });

  test("are not asked for while clients are served, who would wait for them", () => {
    const heap = new Heap();
    heap.allocate(hugeBlockBytes);
    expect(asksForHugePages(heap.bytes[0] as Uint8Array)).toBe(false);
  });

  test("are no longer asked for by the rest of a segment when the data is loaded, nor after an error", () => {
    const heap = new Heap();
    const load = (): void => {
      for (let bytes = 0; bytes < 4 << 20; bytes += 32_768) heap.allocate(32_768);
      expect(asksForHugePages(heap.bytes[0] as Uint8Array)).toBe(true);
      throw new Error("the file is damaged");
    };
    expect(() => heap.fill(load)).toThrow("the file is damaged");
    expect(asksForHugePages(heap.bytes[0] as Uint8Array)).toBe(false);
  });
});
