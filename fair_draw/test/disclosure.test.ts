import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  type DisclosureHeader,
  ed25519PublicKey,
  ed25519Signer,
  type Entry,
  hashRules,
  leafOf,
  MalformedDraw,
  nextHead,
  parseRules,
  type QueueRules,
  readDisclosure,
  type ReadLimits,
  signHead,
  signReceipt,
  verifyDraw,
  writeDisclosure,
} from "../index.ts";
import { findingsOf, findingsOfDraw, reportOf } from "./judge.ts";
import {
  bytesFrom,
  chunksOf,
  closesAt,
  entriesOf,
  hex,
  holdDraw,
  opensAt,
  rulesWith,
  shopKey,
  textOf,
} from "./room.ts";

const held = holdDraw(entriesOf(5, 2), 5);
const text = await textOf(held);
const lines = text.trimEnd().split("\n");
const withLine = (index: number, line: string): string => `${lines.with(index, line).join("\n")}\n`;

async function read(source: string | Uint8Array, chunkLength?: number, limits?: ReadLimits) {
  const headers: DisclosureHeader[] = [];
  const entries: Entry[] = [];
  const visitor = {
    header: (header: DisclosureHeader) => void headers.push(header),
    entry: (entry: Entry) => void entries.push(entry),
  };
  await readDisclosure(chunksOf(source, chunkLength), visitor, { limits: limits ?? {} });
  return { header: headers[0], entries };
}

const plain = (entries: readonly Entry[]) => entries.map((entry) => ({ ...entry, pseudonym: hex(entry.pseudonym) }));

describe("a disclosure", () => {
  test("is read as it was written, whatever the chunks", async () => {
    for (const chunkLength of [1, 2, 3, 7, 64, 1000, 100_000]) {
      const { header, entries } = await read(text, chunkLength);
      expect(header).toEqual(held.header);
      expect(plain(entries)).toEqual(plain(held.entries));
    }
  });

  test("has any room name, and any entries", async () => {
    const entry = fc.record({
      number: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
      pseudonym: fc.uint8Array({ minLength: 16, maxLength: 16 }),
      time: fc.maxSafeNat(),
    });
    // Of whole characters, because half of a pair is no UTF-8, and of those that can be printed.
    const room = fc
      .string({ unit: "binary", minLength: 1, maxLength: 40 })
      .filter((each) => each.isWellFormed() && !/[\p{Cc}\u2028-\u202e\u2066-\u2069]/u.test(each));
    await fc.assert(
      fc.asyncProperty(room, fc.array(entry), fc.integer({ min: 1, max: 50 }), async (room, entries, chunkLength) => {
        const header = { ...held.header, rules: rulesWith({ room }) };
        const written = await textOf({ header, entries });
        const { header: readHeader, entries: readEntries } = await read(new TextEncoder().encode(written), chunkLength);
        expect(readHeader).toEqual(header);
        expect(plain(readEntries)).toEqual(plain(entries));
      }),
      { numRuns: 50 },
    );
  });

  test("is written bit by bit", async () => {
    async function* fromDatabase() {
      yield* entriesOf(3000, 0);
    }
    const chunks = await Array.fromAsync(writeDisclosure(held.header, fromDatabase()));
    expect(chunks.length).toBeGreaterThan(2);
    for (const chunk of chunks) expect(chunk.length).toBeLessThan(66_000);
    expect((await read(chunks.join(""))).entries).toHaveLength(3000);
  });
});

describe("an error names the line", () => {
  const cases: Record<string, readonly [string | Uint8Array, string]> = {
    "an empty file": ["", "line 1 is missing: the file was cut off"],
    "a file without its last line": [`${lines.slice(0, -1).join("\n")}\n`, "line 9 is missing"],
    "a file without its last character": [text.slice(0, -1), "line 9 has no end"],
    "a header that is not JSON": [withLine(0, "{"), 'line 1: "{" is not JSON'],
    "a header with a space": [withLine(0, `${lines[0]} `), "line 1: the header is not in the canonical form"],
    "a header with a name twice": [
      withLine(0, lines[0]!.replace("{", '{"secret":"1",')),
      "line 1: the header is not in",
    ],
    "a header with another field": [
      withLine(0, lines[0]!.replace(/}$/, ',"zero":0}')),
      'line 1: the header has a field "zero"; it must have only',
    ],
    "another format": [
      withLine(0, lines[0]!.replace("disclosure/1", "disclosure/2")),
      'line 1: format is "fair-draw/disclosure/2"; it must be "fair-draw/disclosure/1"',
    ],
    "a mark for the order of bytes": [`\ufeff${text}`, "line 1: "],
    "lines that end as in Windows": [text.replaceAll("\n", "\r\n"), "line 1: the header is not in the canonical form"],
    "an entry with a space": [withLine(2, lines[2]!.replace(",", ", ")), 'line 3: "[2, '],
    "an entry in upper case": [withLine(1, lines[1]!.toUpperCase()), "line 2: "],
    "a number with a zero in front": [withLine(2, lines[2]!.replace("[2", "[02")), "line 3: "],
    "a number that 4 bytes do not hold": [
      withLine(2, lines[2]!.replace("[2", "[4294967296")),
      "line 3: the entry's number is",
    ],
    "a time that a float does not hold": [
      withLine(2, lines[2]!.replace(/\d+]$/, "9007199254740993]")),
      "line 3: the entry's time is 9007199254740993; it must be at most 9007199254740991",
    ],
    "another count at the end": [withLine(8, '{"entries":8}'), 'line 9: "{\\"entries\\":8}" is neither an entry nor'],
    "a line after the end": [`${text}\n`, 'line 10: "" stands after the end'],
    "bytes that are not UTF-8": [
      new TextEncoder().encode(text).with(300, 0xff),
      "line 1 or one soon after it is not UTF-8",
    ],
  };

  test.each(Object.entries(cases))("of %s", async (_, [source, message]) => {
    const problem = (await read(source).catch((error: unknown) => error)) as MalformedDraw;
    expect(problem).toBeInstanceOf(MalformedDraw);
    expect(problem.message).toStartWith(message);
  });

  test("that is longer than the limit, and of more entries than the limit", async () => {
    const long = withLine(3, `[3,"${"0".repeat(5000)}"]`);
    await expect(read(long, 100, { maxLineLength: 4000 })).rejects.toThrow("line 4 has more than 4000 characters");
    await expect(read(text, 100, { maxEntries: 6 })).rejects.toThrow("line 8: there are more than 6 entries");
  });

  test("before anything is known of the draw", async () => {
    await expect(verifyDraw(chunksOf("nonsense\n"))).rejects.toThrow(MalformedDraw);
  });
});

describe("rules", () => {
  const cases: Record<string, readonly [object, string]> = {
    "with an empty room": [{ room: "" }, 'rules.room is ""; it must be a text of 1 to 200 characters'],
    "with a long room": [{ room: "x".repeat(201) }, "rules.room is"],
    "with what moves a terminal's cursor": [
      { room: "a\u009b2J" },
      'rules.room is "a\\u009b2J"; it must have no control',
    ],
    "with a text from right to left": [{ room: "a\u202eb" }, 'rules.room is "a\\u202eb"; it must have no control'],
    "with a line feed": [{ room: "a\nok" }, 'rules.room is "a\\nok"; it must have no control'],
    "with a room that is deeply nested": [
      { room: JSON.parse(`${"[".repeat(30_000)}${"]".repeat(30_000)}`) as unknown },
      "rules.room is a list of 1; it must be a text",
    ],
    "with half a character": [{ room: "\ud800" }, "rules.room has a surrogate"],
    "that close before they open": [{ closesAt: opensAt }, `rules.closesAt is ${opensAt}; it must be an integer from`],
    "with a moment that is no integer": [{ opensAt: 1.5 }, "rules.opensAt is 1.5"],
    "with a negative zero": [{ opensAt: -0 }, "rules.opensAt is 0"],
    "with a short commitment": [{ commitment: "00" }, 'rules.commitment is "00"; it must be 64 hexadecimal digits'],
    "with upper case": [{ commitment: "A".repeat(64) }, "rules.commitment is"],
    "with an unknown mode": [{ mode: "auction" }, 'rules.mode is "auction"; it must be "draw" or "queue"'],
    "with an unknown source": [{ publicValue: { kind: "dice" } }, 'rules.publicValue.kind is "dice"'],
    "without a source": [{ publicValue: null }, "rules.publicValue.kind is undefined"],
    "with more in no source": [{ publicValue: { kind: "none", more: 1 } }, 'rules.publicValue has a field "more"'],
  };

  test.each(Object.entries(cases))("%s are refused", (_, [changes, message]) => {
    expect(() => parseRules({ ...rulesWith(), ...changes })).toThrow(message);
  });
});

describe("a draw of few", () => {
  test.each([
    [0, 0],
    [0, 3],
    [1, 0],
    [2, 0],
  ])("holds: %d drawn and %d late", async (drawn, late) => {
    const few = holdDraw(entriesOf(drawn, late), drawn);
    const report = await reportOf(await textOf(few), { receipts: few.receipts, heads: few.heads });
    expect(report.verdict).toBe("ok");
    expect(report.receipts.map(({ place }) => place!).toSorted((left, right) => left - right)).toEqual(
      few.entries.map(({ number }) => number),
    );
  });

  test("says that with no public value the shop decides", async () => {
    const { checks, notProved } = await reportOf(text);
    expect(checks.find(({ name }) => name === "public value")).toEqual({
      name: "public value",
      outcome: "not provable",
      detail: "the rules ask for none: the shop alone could choose the order",
    });
    expect(notProved[0]).toContain("the shop could have made everything anew");
    const kept = await reportOf(text, { heads: held.heads });
    expect(kept.notProved.join()).not.toContain("anew");
  });
});

describe("a room without a draw", () => {
  const sign = ed25519Signer(shopKey);
  const rules: QueueRules = {
    format: "fair-draw/rules/1",
    mode: "queue",
    room: "First come, first served",
    opensAt,
    receiptKey: hex(ed25519PublicKey(shopKey)),
  };
  const name = hashRules(rules);
  const entries = entriesOf(4, 2);
  const heads = [{ number: 0, head: name }];
  for (const entry of entries) {
    heads.push({ number: entry.number, head: nextHead(heads.at(-1)!.head, leafOf(name, entry)) });
  }
  const header = { rules, lastHead: signHead(sign, name, heads.at(-1)!) };
  const kept = {
    receipts: entries.map((entry) => signReceipt(sign, name, entry)),
    heads: [signHead(sign, name, heads[3]!)],
  };

  test("discloses its line, and places are numbers", async () => {
    const report = await reportOf(await textOf({ header, entries }), kept);
    expect(report).toMatchObject({ verdict: "ok", mode: "queue", entries: 6, drawn: 0 });
    expect(report.receipts).toEqual(entries.map(({ number }) => ({ number, place: number })));
  });

  test("cannot change the line unseen", async () => {
    const swapped = [entries[1]!, entries[0]!, ...entries.slice(2)].map((entry, index) => ({
      ...entry,
      number: index + 1,
    }));
    expect(await findingsOfDraw({ header, entries: swapped })).toBe("last head");
    const early = entries.with(0, { ...entries[0]!, time: opensAt - 1 });
    expect(await findingsOfDraw({ header, entries: early })).toBe("times, last head");
  });

  test("has no announcement", async () => {
    const source = await textOf({ header, entries });
    expect(await findingsOf(source, { announcement: held.announcement })).toBe("kept announcement");
    expect(await findingsOf(source.replace('"lastHead"', '"announcement":{},"lastHead"'))).toContain("cannot be read");
  });
});

test("a pseudonym of one entry does not hide in many", async () => {
  const many = entriesOf(500, 0).map((entry) => ({ ...entry, time: closesAt - 1 }));
  expect(await findingsOfDraw(holdDraw(many, 500))).toBe("ok");
  const doubled = many.with(400, { ...many[400]!, pseudonym: many[17]!.pseudonym });
  expect(await findingsOfDraw(holdDraw(doubled, 500))).toBe("pseudonyms");
  const alike = many.map((entry) => ({ ...entry, pseudonym: bytesFrom(`${entry.number}`, 16).fill(7, 0, 12) }));
  expect(await findingsOfDraw(holdDraw(alike, 500))).toBe("ok");
});
