import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { propertySeed } from "../../../../tools/property-seed.ts";
import { SendBuffer } from "peer-link";
import {
  appendFrame,
  appendPing,
  emptyHeader,
  type FrameHeader,
  newFrameReader,
  pingTimeMs,
  readHeader,
} from "../../../src/cluster/link/frame.ts";

const word32 = fc.integer({ min: 0, max: 0xffff_ffff });
const byte = fc.integer({ min: 0, max: 255 });
const frame = fc.record({
  header: fc.record({ kind: byte, info: byte, id: word32, database: word32 }),
  payload: fc.uint8Array({ maxLength: 200 }),
});

/** All bytes that an output writes to a socket which takes only a few bytes at a time. */
function written(output: SendBuffer, taken: number): Uint8Array {
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
  test("arrive as they were sent, however the stream is split", () => {
    const property = fc.property(
      fc.array(frame, { maxLength: 12 }),
      fc.integer({ min: 1, max: 300 }),
      fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 20 }),
      (frames, taken, cuts) => {
        const output = new SendBuffer();
        for (const { header, payload } of frames) appendFrame(output, header, payload, 0, payload.length);
        const stream = written(output, taken);
        const arrived: { header: FrameHeader; payload: Uint8Array }[] = [];
        const reader = newFrameReader((bytes, start, end) => {
          const header = emptyHeader();
          const at = readHeader(bytes, start, header);
          arrived.push({ header, payload: new Uint8Array(bytes.slice(at, end)) });
          return true;
        });
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const end = at + (cuts[turn % cuts.length] as number);
          expect(reader.feed(stream.subarray(at, end))).toBeUndefined();
          at = end;
        }
        expect(arrived).toEqual(frames);
        expect(reader.keptBytes).toBe(0);
      },
    );
    fc.assert(property, { seed: propertySeed(), numRuns: 300 });
  });

  test("are not read any further after the reader has stopped", () => {
    const output = new SendBuffer();
    for (let id = 0; id < 5; id++) appendFrame(output, { kind: 1, info: 0, id, database: 0 }, new Uint8Array(3), 0, 3);
    const seen: number[] = [];
    const header = emptyHeader();
    const reader = newFrameReader((bytes, start) => {
      readHeader(bytes, start, header);
      return seen.push(header.id) < 2;
    });
    expect(reader.feed(written(output, 1000))).toBeUndefined();
    expect(seen).toEqual([0, 1]);
  });

  test("longer than any request are refused before memory is reserved for them", () => {
    const tooLong = { bytes: 0xffff_ffff, minBytes: 12, maxBytes: 2_147_483_659 };
    const reader = newFrameReader(() => true);
    expect(reader.feed(new Uint8Array(16).fill(255))).toEqual(tooLong);
    const inPieces = newFrameReader(() => true);
    expect(inPieces.feed(new Uint8Array(3).fill(255))).toBeUndefined();
    expect(inPieces.feed(new Uint8Array(10).fill(255))).toEqual(tooLong);
    expect(inPieces.keptBytes).toBeLessThan(32);
  });

  test("too short for their fields are refused", () => {
    expect(newFrameReader(() => true).feed(Uint8Array.of(0, 0, 0, 11, 1))).toMatchObject({ bytes: 11 });
  });

  test("of pings carry their time, and one without a time is recognized", () => {
    const output = new SendBuffer();
    appendPing(output, 1234.5);
    appendFrame(output, { ...emptyHeader(), kind: 4 }, new Uint8Array(7), 0, 7);
    const times: number[] = [];
    const reader = newFrameReader((bytes, start, end) => {
      times.push(pingTimeMs(bytes, readHeader(bytes, start, emptyHeader()), end));
      return true;
    });
    reader.feed(written(output, 1000));
    expect(times).toEqual([1234.5, Number.NaN]);
  });
});
