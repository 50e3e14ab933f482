import { ptr } from "bun:ffi";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "bun:test";
import { FreshPages, hugePageBytes } from "../../src/memory/fresh-pages.ts";
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

describe.skipIf(process.platform !== "linux")("huge pages", () => {
  test("are asked for while data is loaded", () => {
    const heap = new Heap();
    heap.fill(() => heap.allocate(hugeBlockBytes));
    expect(asksForHugePages(heap.bytes[0] as Uint8Array, 0, hugeBlockBytes)).toBe(true);
  });

  test("are not asked for while clients are served, who would wait for them", () => {
    const heap = new Heap();
    heap.allocate(hugeBlockBytes);
    expect(asksForHugePages(heap.bytes[0] as Uint8Array, 0, hugeBlockBytes)).toBe(false);
  });

  test("are not asked for by the rest of a segment when the data is loaded, nor after an error", () => {
    const heap = new Heap();
    const load = (): void => {
      for (let bytes = 0; bytes < 3 * hugePageBytes; bytes += 32_768) heap.allocate(32_768);
      throw new Error("the file is damaged");
    };
    expect(() => heap.fill(load)).toThrow("the file is damaged");
    for (let bytes = 0; bytes < 3 * hugePageBytes; bytes += 32_768) heap.allocate(32_768);
    const bytes = heap.bytes[0] as Uint8Array;
    expect(asksForHugePages(bytes, 0, 5 * hugePageBytes)).toBe(true);
    expect(asksForHugePages(bytes, 5 * hugePageBytes, bytes.length)).toBe(false);
  });
});

describe("fresh pages", () => {
  /** A system whose huge pages take as long as `hugeUs` says, one after the other. */
  function systemWith(hugeUs: readonly number[]) {
    const asked: string[] = [];
    const left = [...hugeUs];
    let nowUs = 0;
    let isHuge = false;
    return {
      asked,
      ptr: () => 10 * hugePageBytes + 4096,
      clock: () => nowUs,
      madvise: (address: number, bytes: number, advice: number) => {
        if (advice === 14) isHuge = true;
        else {
          asked.push(`${isHuge ? "huge" : "small"} ${address / hugePageBytes - 10} ${bytes / hugePageBytes}`);
          if (isHuge) nowUs += left.shift() ?? 0;
          isHuge = false;
        }
        return 0;
      },
    };
  }

  test("are huge where a whole one fits, and small at both ends", () => {
    const system = systemWith([100, 100]);
    const bytes = new Uint8Array(3 * hugePageBytes);
    const part = 4096 / hugePageBytes;
    expect(new FreshPages(system).ask(bytes, 0, bytes.length)).toBe(bytes.length);
    expect(system.asked).toEqual([`small ${part} ${1 - part}`, "huge 1 1", "huge 2 1", `small 3 ${part}`]);
  });

  test("are small for the rest of the data once a huge one came slowly", () => {
    const system = systemWith([100, 5000]);
    const bytes = new Uint8Array(5 * hugePageBytes);
    const pages = new FreshPages(system);
    const askedTo = pages.ask(bytes, hugePageBytes, hugePageBytes + 1);
    expect(askedTo).toBe(2 * hugePageBytes - 4096);
    pages.ask(bytes, askedTo, 4 * hugePageBytes - 4096);
    expect(system.asked.slice(1)).toEqual(["huge 2 1", "huge 3 1"]);
    pages.ask(bytes, 4 * hugePageBytes - 4096, 5 * hugePageBytes - 4096);
    expect(system.asked.slice(3)).toEqual(["small 4 1"]);
  });
});
