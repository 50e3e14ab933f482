import { expect, test } from "bun:test";
import { SeededRandom } from "../../../tools/seeded-random.ts";
import { SharedBytes } from "../../src/replication/shared-bytes.ts";

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
    const piece = shared.from(places[reader] as number);
    const taken = piece?.subarray(0, random.below(piece.length + 1)) ?? [];
    for (const byte of taken) (read[reader] as number[]).push(byte);
    places[reader] = (places[reader] as number) + taken.length;
    shared.dropBefore(Math.min(...places));
    expect(shared.start).toBe(Math.min(...places));
    expect(shared.end).toBe(1000 + all.length);
  }
  for (const [reader, place] of places.entries()) {
    const bytes = read[reader] as number[];
    for (let at = place, piece = shared.from(at); piece !== undefined; piece = shared.from(at)) {
      for (const byte of piece) bytes.push(byte);
      at += piece.length;
    }
    expect(bytes.length).toBe(all.length);
    expect(Buffer.from(bytes).equals(Buffer.from(all))).toBe(true);
  }
  expect(() => shared.from(999)).toThrow("bytes from 999");
});
