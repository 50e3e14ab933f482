import { describe, expect, test } from "bun:test";
import { splitInlineCommand } from "../../src/protocol/inline-command.ts";

const split = (line: string): string[] | undefined =>
  splitInlineCommand(Buffer.from(line, "latin1"))?.map((word) => Buffer.from(word).toString("latin1"));

describe("splitInlineCommand", () => {
  test("splits words at blanks", () => {
    expect(split("SET  key\tvalue ")).toEqual(["SET", "key", "value"]);
    expect(split("")).toEqual([]);
    expect(split(" \t ")).toEqual([]);
  });

  test("takes quoted words as one, with escapes in double quotes", () => {
    expect(split(String.raw`SET "a b" 'c d'`)).toEqual(["SET", "a b", "c d"]);
    expect(split(String.raw`"\n\r\t\b\a\x41\xff\q\""`)).toEqual(['\n\r\t\b\x07A\xffq"']);
    expect(split(String.raw`'\n\'' ""`)).toEqual(["\\n'", ""]);
    expect(split(String.raw`"\xg1"`)).toEqual(["xg1"]);
  });

  test("refuses quotes that are not closed, or that are followed by more of the word", () => {
    for (const line of ['"a', "'a", '"a"b', "'a'b", String.raw`"a\"`, String.raw`'a\'`])
      expect(split(line)).toBeUndefined();
  });
});
