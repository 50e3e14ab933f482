import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Arguments } from "../../src/protocol/arguments.ts";
import { splitInlineCommand } from "../../src/protocol/inline-command.ts";
import { RequestParser } from "../../src/protocol/request-parser.ts";

const limits = { maxBulkBytes: 1_000_000, maxQueryBufferBytes: 10_000_000 };

/** A request as its words, and as the bytes that are sent. */
interface Sent {
  readonly words: readonly string[];
  readonly bytes: string;
}

const bulk = (word: string): string => `$${word.length}\r\n${word}\r\n`;
const word = fc.oneof(
  fc.constantFrom("", "GET", "key", "\r\n", "$3\r\nabc\r\n", "*1\r\n"),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
  fc.integer({ min: 0, max: 5000 }).map((length) => "x".repeat(length)),
);
const multibulk: fc.Arbitrary<Sent> = fc
  .array(word, { minLength: 1, maxLength: 20 })
  .map((words) => ({ words, bytes: `*${words.length}\r\n${words.map(bulk).join("")}` }));
const inline: fc.Arbitrary<Sent> = fc
  .tuple(fc.array(fc.stringMatching(/^[a-z0-9]{1,10}$/), { minLength: 1, maxLength: 5 }), fc.constantFrom("\r\n", "\n"))
  .map(([words, end]) => ({ words, bytes: words.join(" ") + end }));
const nothing: fc.Arbitrary<Sent> = fc
  .constantFrom("\r\n", "\n", "*0\r\n", "*-1\r\n", "  \r\n")
  .map((bytes) => ({ words: [], bytes }));
const stream = fc.array(
  fc.oneof({ weight: 5, arbitrary: multibulk }, { weight: 2, arbitrary: inline }, { weight: 1, arbitrary: nothing }),
  { maxLength: 12 },
);

/**
 * Reads chunks as a connection does. `pauses` gives the number of requests after which it stops before the end of a
 * chunk: 0 for a chunk of which nothing is read at first.
 */
function readAll(
  chunks: readonly Uint8Array[],
  pauses: readonly number[] = [],
): { requests: string[][]; error: string } {
  const parser = new RequestParser(limits);
  const args = new Arguments();
  const requests: string[][] = [];
  let turn = 0;
  const drain = (chunk: Uint8Array): void => {
    for (;;) {
      let left = pauses[turn++] ?? Number.POSITIVE_INFINITY;
      let paused = left === 0;
      while (!paused) {
        const result = parser.next(args);
        if (result === "incomplete" || result === "error") break;
        if (result === "request") requests.push(Array.from({ length: args.count }, (_, index) => args.latin1(index)));
        paused = --left <= 0;
      }
      parser.keepRest(args);
      // The transport uses the memory of its chunk again.
      chunk.fill(0);
      // Between two turns of a connection, another connection reads its request into the same object.
      args.reset(new Uint8Array(0));
      if (!paused || parser.error !== "") return;
    }
  };
  for (const chunk of chunks) {
    const own = Uint8Array.from(chunk);
    expect(parser.feed(own)).toBe(true);
    drain(own);
    if (parser.error !== "") break;
  }
  return { requests, error: parser.error };
}

function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let start = 0;
  for (const place of places.map((at) => at % (bytes.length + 1)).sort((one, other) => one - other)) {
    if (place > start) chunks.push(bytes.subarray(start, place));
    start = Math.max(start, place);
  }
  chunks.push(bytes.subarray(start));
  return chunks;
}

describe("RequestParser", () => {
  test("reads the same requests however the stream is cut, and wherever reading pauses", () => {
    const pauses = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 20 });
    fc.assert(
      fc.property(stream, fc.array(fc.nat(), { maxLength: 30 }), pauses, (sent, places, stops) => {
        const bytes = Buffer.from(sent.map((request) => request.bytes).join(""), "latin1");
        const expected = sent.map((request) => [...request.words]).filter((words) => words.length > 0);
        expect(readAll([bytes]).requests).toEqual(expected);
        const read = readAll(cut(bytes, places), stops);
        expect(read.requests).toEqual(expected);
        expect(read.error).toBe("");
      }),
      { numRuns: 500 },
    );
  });

  test("reads an inline request as its line is split into words, quoted or not", () => {
    const line = fc
      .array(fc.constantFrom("a", "B", "1", "*", "\xff", "'", '"', "\\", " ", "  ", "\t", "\v", "\r"), {
        maxLength: 12,
      })
      .map((parts) => `x${parts.join("")}`);
    fc.assert(
      fc.property(line, fc.constantFrom("\r\n", "\n"), (text, end) => {
        const wanted = splitInlineCommand(Buffer.from(text.replace(end === "\n" ? /\r$/ : /$/, ""), "latin1"));
        const { requests, error } = readAll([Buffer.from(text + end, "latin1")]);
        expect(requests).toEqual(
          wanted === undefined ? [] : [wanted.map((bytes) => Buffer.from(bytes).toString("latin1"))],
        );
        expect(error === "").toBe(wanted !== undefined);
      }),
      { numRuns: 2000 },
    );
  });

  test("reads a stream that comes byte by byte", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(multibulk, inline), { maxLength: 3 }), (sent) => {
        const bytes = Buffer.from(
          sent
            .map((request) => request.bytes)
            .join("")
            .slice(0, 3000),
          "latin1",
        );
        const whole = readAll([bytes]);
        expect(readAll(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(whole);
      }),
      { numRuns: 50 },
    );
  });

  test("any bytes give requests or an error, the same however they are cut", () => {
    const piece = fc.oneof(
      fc.constantFrom(
        "*",
        "$",
        "\r\n",
        "\r",
        "\n",
        "1",
        "-1",
        "3",
        "*1\r\n$4\r\nPING\r\n",
        '"',
        "'",
        "\\x",
        " ",
        "*1\r\n",
        "$1\r\n",
        "99999999999",
      ),
      fc.uint8Array({ maxLength: 5 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), fc.array(fc.nat(), { maxLength: 10 }), (pieces, places) => {
        const bytes = Buffer.from(pieces.join(""), "latin1");
        expect(readAll(cut(bytes, places))).toEqual(readAll([bytes]));
      }),
      { numRuns: 2000 },
    );
  });

  test("a large value that comes in many chunks is not copied with each of them", () => {
    const length = 900_000;
    const bytes = Buffer.from(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${length}\r\n${"v".repeat(length)}\r\n`);
    const parser = new RequestParser(limits);
    const args = new Arguments();
    let read = 0;
    for (let at = 0; at < bytes.length; at += 1000) {
      parser.feed(bytes.subarray(at, at + 1000));
      if (parser.next(args) === "request") read++;
      parser.keepRest(args);
      expect(parser.keptBytes).toBeLessThanOrEqual(bytes.length);
    }
    expect(read).toBe(1);
    expect(parser.keptBytes).toBe(0);
  });

  test("connections whose chunks end within requests do not get each other's bytes", () => {
    const parsers = [new RequestParser(limits), new RequestParser(limits)];
    const args = new Arguments();
    const read: string[][] = [[], []];
    const values = parsers.map((_, number) => `${number}`.repeat(3000));
    const streams = values.map((value) => Buffer.from(`*2\r\n$3\r\nGET\r\n${bulk(value)}`.repeat(20), "latin1"));
    for (let start = 0; start < (streams[0] as Buffer).length; start += 1700) {
      for (const [number, parser] of parsers.entries()) {
        expect(parser.feed(Uint8Array.from((streams[number] as Buffer).subarray(start, start + 1700)))).toBe(true);
      }
      for (const [number, parser] of parsers.entries()) {
        while (parser.next(args) === "request") read[number]?.push(args.latin1(1));
        parser.keepRest(args);
      }
    }
    expect(read).toEqual(values.map((value) => Array.from({ length: 20 }, () => value)));
  });

  test("bytes beyond the limit on the query buffer are refused", () => {
    const parser = new RequestParser({ maxBulkBytes: 1_000_000, maxQueryBufferBytes: 100 });
    const args = new Arguments();
    expect(parser.feed(Buffer.from("*2\r\n$500\r\n"))).toBe(true);
    expect(parser.next(args)).toBe("incomplete");
    parser.keepRest(args);
    expect(parser.feed(new Uint8Array(90))).toBe(true);
    parser.keepRest(args);
    expect(parser.feed(new Uint8Array(1))).toBe(false);
  });

  test("a client that has not authenticated may send only short requests", () => {
    const errorOf = (text: string): string => {
      const parser = new RequestParser(limits);
      parser.authenticated = false;
      parser.feed(Buffer.from(text));
      parser.next(new Arguments());
      return parser.error;
    };
    expect(errorOf("*11\r\n")).toBe("ERR Protocol error: unauthenticated multibulk length");
    expect(errorOf("*10\r\n$16385\r\n")).toBe("ERR Protocol error: unauthenticated bulk length");
    expect(errorOf("*10\r\n$16384\r\n")).toBe("");
  });
});

test("requests that are put back are read first, wherever the rest was cut", () => {
  const rest = "*2\r\n$3\r\nGET\r\n$5\r\nlater\r\n";
  for (let cut = 0; cut <= rest.length; cut++) {
    const parser = new RequestParser(limits);
    const args = new Arguments();
    const words: string[] = [];
    const readOn = (): void => {
      while (parser.next(args) === "request") words.push(args.latin1(1));
      parser.keepRest(args);
    };
    parser.feed(Buffer.from(rest.slice(0, cut)));
    // A request that is whole waits, as for a client that is held.
    if (cut < rest.length) readOn();
    else parser.keepRest(args);
    parser.unread(Buffer.from("*2\r\n$3\r\nGET\r\n$5\r\nfirst\r\n*2\r\n$3\r\nGET\r\n$6\r\nsecond\r\n"));
    readOn();
    parser.feed(Buffer.from(rest.slice(cut)));
    readOn();
    expect(words).toEqual(["first", "second", "later"]);
  }
});
