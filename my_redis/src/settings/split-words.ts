import { splitInlineCommand } from "../protocol/inline-command.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The words of a line of redis.conf, without their quotes; undefined when a quote is not closed. */
export function splitLine(line: string): string[] | undefined {
  return splitInlineCommand(encoder.encode(line))?.map((word) => decoder.decode(word));
}

/** Splits one text that stands for several words. CONFIG SET and the command line give words in this form. */
export const splitWords = (text: string): string[] => text.split(" ");

/** A word as it is written in redis.conf: in quotes where it needs them. */
export function quoteWord(word: string): string {
  if (/^[^\s"'#\\\p{Cc}]+$/u.test(word)) return word;
  const escaped = word.replaceAll(/[\\"]/g, "\\$&").replaceAll(/\p{Cc}/gu, escapeControl);
  return `"${escaped}"`;
}

const named = new Map([
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
  ["\b", "\\b"],
  ["\u0007", "\\a"],
]);

function escapeControl(character: string): string {
  const bytes = [...encoder.encode(character)];
  return named.get(character) ?? bytes.map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
}
