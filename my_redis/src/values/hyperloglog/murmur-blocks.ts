import { copyBytes } from "../../memory/copy-bytes.ts";
import { input, kernelBytes, openKernel, resultWords } from "../../memory/kernels/kernel-memory.ts";
import { murmurKernel } from "./murmur-kernel-binary.ts";

/** Bytes that are copied to the kernel at a time: they stay in the processor's cache. A multiple of 8. */
const copiedBytes = 32 * 1024;

interface Kernel {
  mix(hash: number, start: number, end: number): void;
}

let kernel: Kernel | undefined;

/** The two words of the hash, the lower one first. Any other use of a kernel may overwrite them. */
export const mixedHash = new Int32Array(kernelBytes.buffer, resultWords, 2);

/**
 * Mixes the blocks in bytes[start, end), a multiple of 8 bytes, into `mixedHash`. JavaScript has no fast product of
 * 64-bit integers: for long elements the kernel takes an eighth of the time. A short element is not worth the copy and
 * the call.
 */
export function mixBlocks(bytes: Uint8Array, start: number, end: number): void {
  const { mix } = (kernel ??= openKernel(murmurKernel) as unknown as Kernel);
  for (let from = start; from < end; from += copiedBytes) {
    const size = Math.min(copiedBytes, end - from);
    copyBytes(bytes, from, from + size, kernelBytes, input);
    mix(resultWords, input, input + size);
  }
}
