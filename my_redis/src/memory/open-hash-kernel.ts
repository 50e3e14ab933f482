import { hashKernel as binary } from "./hash-kernel-binary.ts";
import { openKernel } from "./kernels/kernel-memory.ts";

/** The function of hash-kernel.wat. */
interface HashKernel {
  hash(key0: number, key1: number, at: number, length: number): number;
}

let opened: HashKernel | undefined;
export const hashKernel = (): HashKernel => (opened ??= openKernel(binary) as unknown as HashKernel);
