import { copyBytes } from "../../memory/copy-bytes.ts";
import { checksumTables, input, kernelBytes, openKernel, resultWords } from "../../memory/kernels/kernel-memory.ts";
import { crc64Kernel } from "./crc64-kernel-binary.ts";

const checksumBytes = 8;
/** Bytes that are copied to the kernel at a time: they stay in the processor's cache. */
const copiedBytes = 32 * 1024;

interface Kernel {
  prepare(tables: number): void;
  update(tables: number, checksum: number, start: number, end: number): void;
}

let kernel: Kernel | undefined;

function opened(): Kernel {
  const made = openKernel(crc64Kernel) as unknown as Kernel;
  made.prepare(checksumTables);
  return made;
}

/**
 * A running checksum of RDB files and DUMP payloads: CRC-64 with the polynomial that David Jones published
 * (0xad93d23594c935a9), lowest bit first, start value 0, result not inverted.
 */
export class Crc64 {
  readonly #value = new Uint8Array(checksumBytes);

  update(bytes: Uint8Array, start: number, end: number): this {
    const { update } = (kernel ??= opened());
    copyBytes(this.#value, 0, checksumBytes, kernelBytes, resultWords);
    if (bytes === kernelBytes) {
      update(checksumTables, resultWords, start, end);
    } else {
      for (let at = start; at < end; at += copiedBytes) {
        const size = Math.min(copiedBytes, end - at);
        copyBytes(bytes, at, at + size, kernelBytes, input);
        update(checksumTables, resultWords, input, input + size);
      }
    }
    copyBytes(kernelBytes, resultWords, resultWords + checksumBytes, this.#value, 0);
    return this;
  }

  /** Writes the eight bytes of the checksum, lowest first. */
  write(target: Uint8Array, at: number): void {
    copyBytes(this.#value, 0, checksumBytes, target, at);
  }
}
