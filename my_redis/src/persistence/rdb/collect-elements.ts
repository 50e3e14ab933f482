import { kernelBytes, packed, packedBytes } from "../../memory/kernels/kernel-memory.ts";
import type { ElementRun } from "../../values/element-run.ts";
import { elementBytes, writeElement } from "../../values/packed-element.ts";
import type { ByteRange } from "../../memory/byte-range.ts";
import type { RdbReader } from "./rdb-reader.ts";

const maxCollected = 1024;

/**
 * Reads up to `count` strings and packs them as elements into `run`. Gives the strings that were read. If they are
 * fewer than `count`, the others are still to be read, and `run` is undefined.
 */
export function collectElements(reader: RdbReader, count: number, run: ElementRun): readonly ByteRange[] {
  const collected: ByteRange[] = [];
  if (count > maxCollected) return collected;
  let at = packed;
  while (collected.length < count) {
    const string = reader.string();
    const { bytes, start, end } = string;
    const fits = at + elementBytes(bytes, start, end) <= packed + packedBytes;
    collected.push(string);
    if (!fits) return collected;
    at = writeElement(kernelBytes, at, bytes, start, end);
  }
  run.check(kernelBytes, packed, at);
  return collected;
}
