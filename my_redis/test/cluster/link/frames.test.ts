import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { propertySeed } from "../../../../tools/property-seed.ts";
import type { FrameHeader } from "../../../src/cluster/link/frame.ts";
import { FrameReader } from "../../../src/cluster/link/frame-reader.ts";
import { LinkOutput } from "../../../src/cluster/link/link-output.ts";

const word32 = fc.integer({ min: 0, max: 0xffff_ffff });
const byte = fc.integer({ min: 0, max: 255 });
const frame = fc.record({
  header: fc.record({ kind: byte, info: byte, id: word32, database: word32 }),
  payload: fc.uint8Array({ maxLength: 200 }),
});

/** Everything that an output gives to a socket which takes a few bytes at a time. */
function written(output: LinkOutput, taken: number): Uint8Array {
  const parts: Uint8Array[] = [];
  while (output.pendingBytes > 0) {
    output.flush((bytes, start, end) => {
      const part = bytes.slice(start, Math.min(end, start + taken));
      parts.push(part);
      return part.length;
    });
  }
  return Buffer.concat(parts);
}

describe("frames", () => {
  test("arrive as they were sent, however the stream is cut", () => {
    const property = fc.property(
      fc.array(frame, { maxLength: 12 }),
      fc.integer({ min: 1, max: 300 }),
      fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 20 }),
      (frames, taken, cuts) => {
        const output = new LinkOutput();
        for (const { header, payload } of frames) output.append(header, payload, 0, payload.length);
        const stream = written(output, taken);
        const arrived: { header: FrameHeader; payload: Uint8Array }[] = [];
        const reader = new FrameReader((header, bytes, start, end) => {
          arrived.push({ header: { ...header }, payload: new Uint8Array(bytes.slice(start, end)) });
          return true;
        });
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const end = at + (cuts[turn % cuts.length] as number);
          expect(reader.feed(stream.subarray(at, end))).toBe(true);
          at = end;
        }
        expect(arrived).toEqual(frames);
        expect(reader.keptBytes).toBe(0);
      },
    );
    fc.assert(property, { seed: propertySeed(), numRuns: 300 });
  });

  test("are not read any further once the reader has had enough", () => {
    const output = new LinkOutput();
    for (let id = 0; id < 5; id++) output.append({ kind: 1, info: 0, id, database: 0 }, new Uint8Array(3), 0, 3);
    const seen: number[] = [];
    const reader = new FrameReader(({ id }) => seen.push(id) < 2);
    expect(reader.feed(written(output, 1000))).toBe(true);
    expect(seen).toEqual([0, 1]);
  });

  test("longer than any request are refused before anything is kept for them", () => {
    const reader = new FrameReader(() => true);
    expect(reader.feed(new Uint8Array(16).fill(255))).toBe(false);
    const inPieces = new FrameReader(() => true);
    expect(inPieces.feed(new Uint8Array(10).fill(255))).toBe(true);
    expect(inPieces.feed(new Uint8Array(10).fill(255))).toBe(false);
  });
});
