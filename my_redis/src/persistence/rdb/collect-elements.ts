import { kernelBytes, packed, packedBytes } from "../../memory/kernels/kernel-memory.ts";
import type { ElementRun } from "../../values/element-run.ts";
import { elementBytes, writeElement } from "../../values/packed-element.ts";
import type { ByteRange } from "../../memory/byte-range.ts";
import type { RdbReader } from "./rdb-reader.ts";

const maxCollected = 1024;

/** Strings that were read, and whether they are all there, packed. */
export interface Collected {
  readonly strings: readonly ByteRange[];
  readonly isPacked: boolean;
}

/**
 * Reads up to `count` strings and packs them as elements into `run`. If they are too many or too long for that, `isPacked`
 * is false: `run` is then that of another value, and strings beyond those given are still to be read.
 */
export function collectElements(reader: RdbReader, count: number, run: ElementRun): Collected {
  const strings: ByteRange[] = [];
  if (count > maxCollected) return { strings, isPacked: false };
  let at = packed;
  while (strings.length < count) {
    const string = reader.string();
    const { bytes, start, end } = string;
    const fits = at + elementBytes(bytes, start, end) <= packed + packedBytes;
    strings.push(string);
    if (!fits) return { strings, isPacked: false };
    at = writeElement(kernelBytes, at, bytes, start, end);
  }
  run.check(kernelBytes, packed, at);
  return { strings, isPacked: true };
}
