import { expect, test } from "bun:test";
import { SeededRandom } from "../../../tools/seeded-random.ts";
import { SharedBytes } from "../../src/replication/shared-bytes.ts";

function pieceAt(shared: SharedBytes, position: number): Uint8Array | undefined {
  const block = shared.from(position);
  return block?.bytes.subarray(position - block.first, block.used);
}

test("readers at different places get the same bytes, and what nobody needs is dropped", () => {
  const random = new SeededRandom(1);
  const shared = new SharedBytes(1000);
  const all: number[] = [];
  const places = [1000, 1000];
  const read: number[][] = [[], []];
  for (let step = 0; step < 300; step++) {
    const bytes = random.bytes(random.below(random.oneIn(20) ? 200_000 : 3000));
    shared.append(bytes);
    for (const byte of bytes) all.push(byte);
    const reader = random.below(2);
    const piece = pieceAt(shared, places[reader] as number);
    const taken = piece?.subarray(0, random.below(piece.length + 1)) ?? [];
    for (const byte of taken) (read[reader] as number[]).push(byte);
    places[reader] = (places[reader] as number) + taken.length;
    shared.dropBefore(Math.min(...places));
    expect(shared.start).toBe(Math.min(...places));
    expect(shared.end).toBe(1000 + all.length);
  }
  for (const [reader, place] of places.entries()) {
    const bytes = read[reader] as number[];
    for (let at = place, piece = pieceAt(shared, at); piece !== undefined; piece = pieceAt(shared, at)) {
      for (const byte of piece) bytes.push(byte);
      at += piece.length;
    }
    expect(bytes.length).toBe(all.length);
    expect(Buffer.from(bytes).equals(Buffer.from(all))).toBe(true);
  }
  expect(() => shared.from(999)).toThrow("bytes from 999");
});

test("what is dropped makes room for what comes, so that a reader that keeps up leaves no garbage", () => {
  const shared = new SharedBytes();
  const arrays = new Set<Uint8Array>();
  for (let step = 0; step < 1000; step++) {
    shared.append(new Uint8Array(50_000));
    for (let at = shared.start, block = shared.from(at); block !== undefined; block = shared.from(at)) {
      arrays.add(block.bytes);
      at = block.first + block.used;
    }
    shared.dropBefore(shared.end);
  }
  expect(arrays.size).toBeLessThan(5);
});

test("what was kept for a slow reader is given back when it has gone, except for a few blocks", () => {
  const shared = new SharedBytes();
  const arraysOfMegabytes = (): Set<Uint8Array> => {
    for (let megabyte = 0; megabyte < 16; megabyte++) shared.append(new Uint8Array(1024 * 1024));
    const arrays = new Set<Uint8Array>();
    for (let at = shared.start, block = shared.from(at); block !== undefined; block = shared.from(at)) {
      arrays.add(block.bytes);
      at = block.first + block.used;
    }
    shared.dropBefore(shared.end);
    return arrays;
  };
  const before = arraysOfMegabytes();
  expect(before.size).toBeGreaterThan(200);
  const kept = [...arraysOfMegabytes()].filter((array) => before.has(array));
  expect(kept.length).toBeWithin(1, 33);
});
