import { openKernel } from "../../memory/kernels/kernel-memory.ts";
import { hashKernel } from "../../memory/open-hash-kernel.ts";
import { requestKernel as binary } from "./request-kernel-binary.ts";

/** The functions of request-kernel.wat. */
interface RequestKernel {
  read(at: number, end: number, most: number, starts: number, ends: number, result: number): number;
}

let opened: RequestKernel | undefined;
/** The functions that find requests. */
export const requestKernel = (): RequestKernel =>
  (opened ??= openKernel(binary, { hash: { ...hashKernel() } }) as unknown as RequestKernel);
