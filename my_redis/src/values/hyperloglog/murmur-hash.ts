import { copyBytes } from "../../memory/copy-bytes.ts";
import { hashedElements, input, kernelBytes, maxHashed, openKernel } from "../../memory/kernels/kernel-memory.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { murmurKernel } from "./murmur-kernel-binary.ts";

interface Kernel {
  hash(places: number, count: number, seed: number): void;
  begin(hash: number, length: number, seed: number): void;
  mix(hash: number, start: number, end: number): void;
  end(hash: number, start: number, bytes: number): void;
}

/** Bytes that are copied to the kernel at a time: they stay in the processor's cache. A multiple of 8. */
const copiedBytes = 32 * 1024;

let kernel: Kernel | undefined;

/** The last hashes, two words each, the lower one first. */
export const hashes = new Int32Array(kernelBytes.buffer, hashedElements, 2 * maxHashed);

/**
 * Hashes arguments from `first` on into `hashes`, and returns how many: as many as the kernel takes at once, at least
 * one. MurmurHash2 of 64 bits (MurmurHash64A) is what HyperLogLogs use: with another hash, ours and Redis's could not be
 * merged. JavaScript has no fast product of 64-bit integers: the kernel takes a third of the time for one short element,
 * the copy included, and less for more of them.
 */
export function hashArguments(args: Arguments, first: number, seed: number): number {
  kernel ??= openKernel(murmurKernel) as unknown as Kernel;
  const { buffer } = args;
  const from = args.start(first);
  let to = args.end(first);
  if (to - from > copiedBytes) {
    hashLong(kernel, buffer, from, to, seed);
    return 1;
  }
  const base = input - from;
  let count = 0;
  // Arguments of a request stand behind one another in its buffer.
  for (let index = first; index < args.count && count < maxHashed; index++) {
    const end = args.end(index);
    if (end < to || end - from > copiedBytes) break;
    hashes[2 * count] = base + args.start(index);
    hashes[2 * count + 1] = base + end;
    to = end;
    count++;
  }
  copyBytes(buffer, from, to, kernelBytes, input);
  kernel.hash(hashedElements, count, seed);
  return count;
}

function hashLong(
  { begin, end: finish, mix }: Kernel,
  bytes: Uint8Array,
  start: number,
  end: number,
  seed: number,
): void {
  begin(hashedElements, end - start, seed);
  for (let from = start; from < end; from += copiedBytes) {
    const size = Math.min(copiedBytes, end - from);
    copyBytes(bytes, from, from + size, kernelBytes, input);
    mix(hashedElements, input, input + size);
    if (from + size === end) finish(hashedElements, input + (size & ~7), size & 7);
  }
}
