import { openKernel } from "../memory/kernels/kernel-memory.ts";
import { packKernel as binary } from "./pack-kernel-binary.ts";

/** The functions of pack-kernel.wat that are called from outside of kernels. */
interface PackKernel {
  pack(at: number, skipped: number, count: number, to: number, result: number): number;
}

let opened: PackKernel | undefined;

export const packKernel = (): PackKernel => (opened ??= openKernel(binary) as unknown as PackKernel);
