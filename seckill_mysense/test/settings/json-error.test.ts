import { expect, test } from "bun:test";
import fc from "fast-check";
import { placeOfJsonError } from "../../src/settings/json-error.ts";

test.each([
  ['{ "a": 1, }', 1, 11],
  ["{ not json", 1, 3],
  ['{\n  "a": 1\n  "b": 2\n}', 3, 3],
  ['{\n  "a": "x\n"', 2, 8],
  ['{ "a": 01 }', 1, 8],
  ["[1, 2", 1, 6],
  ["", 1, 1],
  ["{} {}", 1, 4],
  ['{ "a" 1 }', 1, 7],
  ["{ // a comment\n}", 1, 3],
])("%j is wrong at line %d, column %d", (text, line, column) => {
  expect(placeOfJsonError(text)).toEqual({ line, column });
});

test("a text has such a place exactly if the runtime's parser refuses it", () => {
  const pieces = fc.constantFrom(
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"a"',
    "1",
    "-2.5e3",
    "true",
    "null",
    " ",
    "\n",
    "0",
    "\\",
    '"',
  );
  const isRefused = (text: string): boolean => {
    try {
      JSON.parse(text);
      return false;
    } catch {
      return true;
    }
  };
  const texts = fc.oneof(
    fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join("")),
    fc.json(),
  );
  fc.assert(
    fc.property(texts, (text) => expect([text, placeOfJsonError(text) !== undefined]).toEqual([text, isRefused(text)])),
    { numRuns: 2_000 },
  );
});
