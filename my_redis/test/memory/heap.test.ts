import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Address, Heap, unitBits, unitMask } from "../../src/memory/heap.ts";

const pageBytes = 65_536;
const segmentBytes = 1 << 26;

/** Sizes around every limit: of classes, of pages, of pooled blocks, of blocks with a segment of their own. */
const blockBytes = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 1, max: 256 }) },
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 40_000 }) },
  { weight: 3, arbitrary: fc.constantFrom(8, 16, 17, 128, 129, 144, 145, 4096, 32_767, 32_768, 32_769) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(pageBytes - 8, pageBytes - 7, pageBytes, pageBytes + 1, 3 * pageBytes, 1_000_000),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(segmentBytes / 2 - 8, segmentBytes / 2, segmentBytes / 2 + 1, segmentBytes + 1),
  },
);
type Step = { allocate: number } | { free: number };
const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: blockBytes.map((allocate) => ({ allocate })) },
    { weight: 2, arbitrary: fc.nat().map((free) => ({ free })) },
  ) satisfies fc.Arbitrary<Step>,
  { maxLength: 300, size: "max" },
);

interface Block {
  readonly address: Address;
  readonly size: number;
  readonly mark: number;
}

/**
 * The places of a block that are written and compared: its ends, one byte of each page of the first MiB, and a few
 * bytes of the rest, because the system allocates each page that is written to.
 */
function* placesOf({ size }: Block): Generator<number> {
  for (let at = 0; at < size; at += at < 64 ? 1 : at < 4096 ? 97 : at < 1_048_576 ? 4096 : 999_983) yield at;
  yield size - 1;
}

const bytesOf = (heap: Heap, { address }: Block): [Uint8Array, number] => [
  heap.bytes[address >>> unitBits] as Uint8Array,
  (address & unitMask) * 8,
];

function write(heap: Heap, block: Block): void {
  const [bytes, start] = bytesOf(heap, block);
  for (const place of placesOf(block)) bytes[start + place] = block.mark;
}

function check(heap: Heap, block: Block): void {
  const [bytes, start] = bytesOf(heap, block);
  expect(start + block.size).toBeLessThanOrEqual(bytes.length);
  for (const place of placesOf(block)) {
    if (bytes[start + place] === block.mark) continue;
    throw new Error(`byte ${place} of the block of ${block.size} bytes at ${block.address} was overwritten`);
  }
}

describe("Heap", () => {
  test("allocates blocks that are large enough, do not overlap, and keep their content", () => {
    fc.assert(
      fc.property(steps, (todo) => {
        const heap = new Heap();
        const blocks: Block[] = [];
        let used = 0;
        for (const [turn, step] of todo.entries()) {
          if ("allocate" in step) {
            const address = heap.allocate(step.allocate);
            const block = { address, size: step.allocate, mark: (turn % 255) + 1 };
            expect(address).not.toBe(0);
            expect(address | 0).toBe(address);
            expect(heap.capacity(address)).toBeGreaterThanOrEqual(step.allocate);
            write(heap, block);
            blocks.push(block);
            used += step.allocate;
          } else if (blocks.length > 0) {
            const [block] = blocks.splice(step.free % blocks.length, 1) as [Block];
            check(heap, block);
            heap.free(block.address);
            used -= block.size;
          }
          expect(heap.usedBytes).toBeGreaterThanOrEqual(used);
        }
        for (const block of blocks) check(heap, block);
        for (const block of blocks) heap.free(block.address);
        expect(heap.usedBytes).toBe(0);
      }),
      { numRuns: 60 },
    );
  }, 60_000);

  test("allows use of a block's whole capacity, not only of the requested size", () => {
    fc.assert(
      fc.property(fc.array(blockBytes, { minLength: 2, maxLength: 60 }), (sizes) => {
        const heap = new Heap();
        const blocks = sizes.map((size, at) => {
          const address = heap.allocate(size);
          return { address, size: heap.capacity(address), mark: (at % 255) + 1 };
        });
        for (const block of blocks) write(heap, block);
        for (const block of blocks) check(heap, block);
      }),
      { numRuns: 40 },
    );
  }, 60_000);

  test("frees memory when blocks are freed, in any order", () => {
    const heap = new Heap();
    const random = fc.sample(fc.nat(), { numRuns: 30_000, seed: 7 });
    const addresses = random.map((number) => heap.allocate((number % 2000) + 1));
    const most = heap.reservedBytes;
    expect(heap.usedBytes).toBeLessThan(most);
    // Used bytes compared with requested ones: classes waste little more than a sixteenth, or 8 bytes for the smallest
    // blocks.
    const asked = random.reduce((sum, number) => sum + (number % 2000) + 1, 0);
    expect(heap.usedBytes).toBeLessThan(asked * 1.04 + addresses.length * 8);
    expect(most).toBeLessThan(heap.usedBytes * 1.2);
    const order = addresses.map((address, at) => ({ address, key: random[(at * 7919) % random.length] as number }));
    order.sort((one, other) => one.key - other.key);
    for (const { address } of order) heap.free(address);
    expect(heap.usedBytes).toBe(0);
    // One page of each size class stays open.
    expect(heap.reservedBytes).toBeLessThan(100 * pageBytes);
  });

  test("reuses freed blocks", () => {
    const heap = new Heap();
    const first = Array.from({ length: 10_000 }, () => heap.allocate(100));
    const reserved = heap.reservedBytes;
    for (let round = 0; round < 10; round++) {
      for (const address of first) heap.free(address);
      first.length = 0;
      while (first.length < 10_000) first.push(heap.allocate(100));
    }
    expect(heap.reservedBytes).toBe(reserved);
  });

  test("returns segments to the system", () => {
    const heap = new Heap();
    const addresses = Array.from({ length: 300 }, () => heap.allocate(1_000_000));
    expect(heap.bytes.filter((bytes) => bytes.length > 0).length).toBeGreaterThan(4);
    for (const address of addresses) heap.free(address);
    expect(heap.bytes.filter((bytes) => bytes.length > 0).length).toBe(1);
    const huge = heap.allocate(segmentBytes);
    expect(heap.bytes.filter((bytes) => bytes.length > 0).length).toBe(2);
    heap.free(huge);
    expect(heap.bytes.filter((bytes) => bytes.length > 0).length).toBe(1);
  });

  test("a single block that is allocated and freed repeatedly does not open a page each time", () => {
    const heap = new Heap();
    heap.free(heap.allocate(500));
    const reserved = heap.reservedBytes;
    expect(reserved).toBe(pageBytes);
    heap.free(heap.allocate(500));
    expect(heap.reservedBytes).toBe(reserved);
  });
});
