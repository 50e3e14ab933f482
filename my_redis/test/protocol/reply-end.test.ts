import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { propertySeed } from "../../../tools/property-seed.ts";
import { countReplies, replyEnd } from "../../src/protocol/reply-end.ts";

const text = fc.string({ maxLength: 20 }).map((word) => word.replaceAll(/[\r\n]/g, " "));
const line = fc.tuple(fc.constantFrom("+", "-", "#", ",", "("), text).map(([sign, word]) => `${sign}${word}\r\n`);
const integer = fc.integer().map((value) => `:${value}\r\n`);
const nil = fc.constantFrom("$-1\r\n", "*-1\r\n", "_\r\n");
const bulk = fc
  .tuple(fc.constantFrom("$", "=", "!"), fc.string({ maxLength: 300 }))
  .map(([sign, word]) => `${sign}${Buffer.byteLength(word)}\r\n${word}\r\n`);

/** Replies of any type, nested in each other. */
const { reply } = fc.letrec<{ reply: string; list: string; map: string; attributed: string }>((tie) => ({
  reply: fc.oneof({ maxDepth: 4 }, line, integer, nil, bulk, tie("list"), tie("map"), tie("attributed")),
  list: fc
    .tuple(fc.constantFrom("*", "~", ">"), fc.array(tie("reply"), { maxLength: 4 }))
    .map(([sign, items]) => `${sign}${items.length}\r\n${items.join("")}`),
  map: fc
    .array(fc.tuple(tie("reply"), tie("reply")), { maxLength: 3 })
    .map((pairs) => `%${pairs.length}\r\n${pairs.flat().join("")}`),
  attributed: fc.tuple(tie("reply"), tie("reply"), tie("reply")).map((parts) => `|1\r\n${parts.join("")}`),
}));

describe("the end of a reply", () => {
  test("is found in every type, and not before all of it is there", () => {
    const property = fc.property(reply, fc.array(reply, { maxLength: 3 }), (first, others) => {
      const length = Buffer.byteLength(first);
      const bytes = Buffer.from(first + others.join(""));
      expect(replyEnd(bytes, 0, bytes.length)).toBe(length);
      expect(countReplies(bytes, 0, bytes.length)).toBe(others.length + 1);
      for (let cut = 0; cut < Math.min(length, 200); cut++) expect(replyEnd(bytes, 0, cut)).toBe(-1);
    });
    fc.assert(property, { seed: propertySeed(), numRuns: 500 });
  });

  test("that is cut off is an error when replies are counted", () => {
    expect(() => countReplies(Buffer.from("+OK\r\n$5\r\nab"), 0, 11)).toThrow("cut off");
  });
});
