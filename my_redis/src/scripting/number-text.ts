import { writeInteger } from "../protocol/number-text.ts";
import { formatGeneral } from "../values/general-format.ts";

/** Most bytes that a number takes as a command's argument. */
export const longestNumberBytes = 32;

/** Writes a number as Redis passes it to a command ("%.17g") at `at`; returns where the text ends. */
export function writeArgument(target: Uint8Array, at: number, value: number): number {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return writeInteger(target, at, value);
  const text = formatGeneral(value, 17);
  for (let index = 0; index < text.length; index++) target[at + index] = text.charCodeAt(index);
  return at + text.length;
}
