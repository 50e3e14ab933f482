import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type UserTry, type Verdict } from "../../../src/authorization/authorizer.ts";
import { type FrameBody, newFrameReader, readFrames } from "../../../src/authorization/ring/frame-body.ts";
import { frameTypes, maxFrameBytes, PeerProtocolError } from "../../../src/authorization/ring/frame-types.ts";
import { FrameWriter } from "../../../src/authorization/ring/frame-writer.ts";
import {
  readAnswer,
  readHolding,
  readQuestion,
  writeAnswer,
  writeHolding,
  writeQuestion,
} from "../../../src/authorization/ring/try-frames.ts";

/** The bytes that a socket was given which takes so many at a time. */
class Sink {
  readonly bytes: number[] = [];
  readonly #atATime: number;

  constructor(atATime = Number.POSITIVE_INFINITY) {
    this.#atATime = atATime;
  }

  write(bytes: Uint8Array): number {
    const taken = bytes.subarray(0, this.#atATime);
    this.bytes.push(...taken);
    return taken.length;
  }
}

function written(write: (writer: FrameWriter) => void, sink = new Sink()): Buffer {
  const writer = new FrameWriter();
  write(writer);
  while (writer.pendingBytes > 0) writer.flush((bytes, start, end) => sink.write(bytes.subarray(start, end)));
  return Buffer.from(sink.bytes);
}

/** Reads frames that came in one chunk. */
function read(bytes: Buffer, maxBytes: number, handle: (type: number, body: FrameBody) => unknown): void {
  const reader = newFrameReader(maxBytes, (type, body) => {
    handle(type, body);
    return true;
  });
  readFrames(reader, bytes);
}

const text = fc.string({ unit: "binary", maxLength: 64 });
const attempt: fc.Arbitrary<UserTry> = fc
  .record({
    kind: fc.constantFrom("check", "api", "login"),
    userId: text,
    isPeek: fc.boolean(),
    reservation: fc.option(
      fc.record({ productId: text, reservationId: text, epoch: fc.integer({ min: 1, max: 4_294_967_295 }) }),
      { nil: undefined },
    ),
  })
  .map(({ reservation, ...rest }) => (reservation === undefined ? rest : { ...rest, reservation }) as UserTry);

describe("frames between gateways", () => {
  test("questions come out as they went in, however the bytes are cut", () => {
    fc.assert(
      fc.property(fc.array(attempt, { minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 97 }), (tries, cut) => {
        const bytes = written((writer) => tries.forEach((one) => writeQuestion(writer, one)), new Sink(cut));
        const seen: UserTry[] = [];
        const reader = newFrameReader(maxFrameBytes, (type, body) => {
          expect(type).toBe(frameTypes.question);
          seen.push(readQuestion(body));
          return true;
        });
        for (let at = 0; at < bytes.length; at += cut) readFrames(reader, Buffer.from(bytes.subarray(at, at + cut)));
        expect(seen).toEqual(tries.map((one) => JSON.parse(JSON.stringify(one)) as UserTry));
      }),
    );
  });

  test("verdicts and holdings come out as they went in", () => {
    const verdicts: Verdict[] = [
      { kind: "allowed" },
      { kind: "limited", waitMs: 17 },
      { kind: "banned", waitMs: 4_000_000_000 },
      { kind: "held" },
      { kind: "busy" },
      { kind: "allowed", counted: 9 },
    ];
    const bytes = written((writer) => verdicts.forEach((verdict) => writeAnswer(writer, verdict)));
    const seen: Verdict[] = [];
    read(bytes, maxFrameBytes, (_, body) => seen.push(readAnswer(body)));
    expect(seen.map(({ kind }) => kind)).toEqual(verdicts.map(({ kind }) => kind));
    expect(seen.slice(1, 3)).toEqual(verdicts.slice(1, 3));
    expect(seen.at(-1)).toEqual({ kind: "allowed", counted: 9 });

    const holding = { userId: "Ünal", productId: "lamp", reservationId: "r-1", epoch: 7 };
    read(
      written((writer) => writeHolding(writer, holding)),
      maxFrameBytes,
      (_, body) => expect(readHolding(body)).toEqual(holding),
    );
  });

  test("a frame that is too long is refused before it is taken into memory", () => {
    const bytes = Buffer.from([0, 0, 4, 1, frameTypes.ping]);
    expect(() => read(bytes, 1_024, () => {})).toThrow("a frame of 1025 bytes: 1 to 1024 are allowed");
    expect(() => read(Buffer.alloc(4), 1_024, () => {})).toThrow("a frame of 0 bytes");
  });

  test("a frame whose texts go on behind its end is refused", () => {
    const bytes = written((writer) => writeQuestion(writer, { kind: "check", userId: "ada" }));
    bytes.writeUInt32BE(bytes.length - 5, 0);
    expect(() => read(bytes.subarray(0, -1), 1_024, (_, body) => readQuestion(body))).toThrow(PeerProtocolError);
  });

  test("random bytes are refused or are frames, and nothing else happens", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          read(Buffer.from(bytes), 256, (_, body) => {
            readQuestion(body);
            readHolding(body);
          });
        } catch (error) {
          expect(error).toBeInstanceOf(PeerProtocolError);
        }
      }),
    );
  });
});
