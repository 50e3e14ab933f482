import { expect, test } from "bun:test";
import fc from "fast-check";
import { propertySeed } from "../../../tools/property-seed.ts";
import { LogReader } from "../../src/persistence/aof/log-reader.ts";
import { Arguments } from "../../src/protocol/arguments.ts";

/** Everything that a reader says about a file, of which it gets at most `pieceBytes` at a time. */
function entriesOf(file: Uint8Array, pieceBytes: number, memory: "own" | "shared"): unknown[] {
  let position = 0;
  const reader = new LogReader(
    (target) => {
      const size = Math.min(pieceBytes, target.length, file.length - position);
      target.set(file.subarray(position, position + size));
      position += size;
      return size;
    },
    0,
    file.length,
    memory,
  );
  const args = new Arguments();
  const found: unknown[] = [];
  for (;;) {
    const entry = reader.next(args);
    found.push([entry, reader.entryOffset, reader.offset]);
    if (entry === "command") {
      const words = Array.from({ length: args.count }, (_, index) => Bun.hash(args.view(index)));
      const { buffer, requestStart, requestEnd } = args;
      found.push(words, Bun.hash(buffer.subarray(requestStart, requestEnd)));
    } else if (entry === "annotation") found.push(reader.annotation);
    else return [...found, reader.problem];
  }
}

const word = fc.oneof(
  { weight: 8, arbitrary: fc.string({ maxLength: 30, unit: "binary-ascii" }) },
  { weight: 2, arbitrary: fc.constantFrom("\r\n", "$5\r\n", "*1\r\n", "", "#") },
  { weight: 2, arbitrary: fc.integer({ min: 900, max: 1100 }).map((length) => "x".repeat(length)) },
  // Around half and all of the window of 1 MiB, and beyond.
  {
    weight: 1,
    arbitrary: fc.constantFrom(300_000, 524_288, 1_048_560, 1_048_577, 2_500_000).map((n) => "y".repeat(n)),
  },
);
const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;
const request = (words: readonly string[]): string => `*${words.length}\r\n${words.map(bulk).join("")}`;
const part = fc.oneof(
  { weight: 8, arbitrary: fc.array(word, { minLength: 1, maxLength: 6 }).map(request) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(1023, 1024, 1025, 3000).map((count) => request(new Array<string>(count).fill("w"))),
  },
  { weight: 1, arbitrary: fc.constantFrom("#TS:1700000000\r\n", "#\n", `#${"a".repeat(130)}\r\n`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "*0\r\n",
      "*\r\n",
      "*-1\r\n",
      "*1\r\n$-1\r\n",
      "*01\r\n$0003\r\nabc\r\n",
      "*1\r\n$0000000000003\r\nabc\r\n",
      "*1\r\n$4294967298\r\nab\r\n",
      "*4294967297\r\n$1\r\na\r\n",
      "*1\r\n$3\r\nabcd\r\n",
      "*1\r\n$3\nabc\r\n",
      "*1\n",
    ),
  },
);

test("the words of requests are found at once as they are one by one", () => {
  fc.assert(
    fc.property(
      fc.array(part, { maxLength: 20, size: "max" }),
      fc.constantFrom(1000, 65_536, 1 << 24),
      fc.nat({ max: 60 }),
      fc.option(fc.tuple(fc.nat(), fc.nat({ max: 255 }))),
      (parts, pieceBytes, cut, change) => {
        const whole = Buffer.from(parts.join(""), "latin1");
        const file = whole.subarray(0, Math.max(0, whole.length - cut));
        if (change !== null && file.length > 0) file[change[0] % file.length] = change[1];
        expect(entriesOf(file, pieceBytes, "shared")).toEqual(entriesOf(file, pieceBytes, "own"));
      },
    ),
    { seed: propertySeed(), numRuns: 100 },
  );
});

test("a long word is read to its place, wherever a read of the file ends", () => {
  const value = Buffer.from("y".repeat(1_500_000));
  const head = Buffer.from(`*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$${value.length}\r\n`);
  const file = Buffer.concat([head, value, Buffer.from("\r\n*1\r\n$4\r\nPING\r\n")]);
  const valueEnd = head.length + value.length;
  for (const cut of [head.length + 1_200_000, valueEnd - 1, valueEnd, valueEnd + 1, valueEnd + 2]) {
    let position = 0;
    const read = (target: Uint8Array): number => {
      const end = position < cut ? Math.min(cut, file.length) : file.length;
      const size = Math.min(target.length, end - position);
      target.set(file.subarray(position, position + size));
      position += size;
      return size;
    };
    const reader = new LogReader(read, 0, file.length, "shared");
    const args = new Arguments();
    reader.refill();
    expect(reader.nextLong(args)).toBe(true);
    expect([args.latin1(0), args.latin1(1), reader.longBytes]).toEqual(["SET", "key", value.length]);
    const place = new Uint8Array(value.length + 20);
    const entry: Uint8Array[] = [];
    expect(reader.readLong(place, 10, (bytes, start, end) => entry.push(bytes.slice(start, end)))).toBe(true);
    expect(value.equals(place.subarray(10, 10 + value.length))).toBe(true);
    expect(Buffer.concat(entry).equals(file.subarray(0, valueEnd + 2))).toBe(true);
    expect([reader.next(args), args.latin1(0), reader.next(args)]).toEqual(["command", "PING", "end"]);
  }
});
