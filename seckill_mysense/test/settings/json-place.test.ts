import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { propertySeed } from "../../../tools/property-seed.ts";
import { findJsonProblem } from "../../src/settings/json-place.ts";

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

describe("the place of a mistake in JSON", () => {
  const examples: readonly (readonly [json: string, line: number, column: number, problem: string])[] = [
    ['{\n  "a": 1\n  "b": 2\n}', 3, 3, '"," or "}" was expected, but "\\"" was found'],
    ['{\n  "a": 1,\n}', 3, 1, 'a key in double quotes was expected, but "}" was found'],
    ["{ not json", 1, 3, 'a key in double quotes was expected, but "not" was found'],
    ['{"a" 1}', 1, 6, '":" was expected, but "1" was found'],
    ['{"a": [1, 2', 1, 12, '"," or "]" was expected, but the end of the file was found'],
    ['{"a": yes}', 1, 7, 'a value was expected, but "yes" was found'],
    ["{}\n}", 2, 1, 'the end of the file was expected, but "}" was found'],
    ["", 1, 1, "a value was expected, but the end of the file was found"],
  ];
  for (const [json, line, column, problem] of examples) {
    test(`is found in ${JSON.stringify(json)}`, () => {
      expect(findJsonProblem(json)).toEqual({ line, column, problem });
    });
  }

  test("is found where JSON.parse refuses the text, and only there", () => {
    const pieces = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      '"a"',
      '"\\u12"',
      "1",
      "-",
      "0",
      ".5",
      "e3",
      "null",
      " ",
      "\n",
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        expect(findJsonProblem(parts.join("")) === undefined).toBe(isJson(parts.join("")));
      }),
      { numRuns: 20_000, seed: propertySeed() },
    );
    fc.assert(
      fc.property(fc.json(), (json) => expect(findJsonProblem(json)).toBeUndefined()),
      { seed: propertySeed() },
    );
  });
});
