import { openKernel } from "../memory/kernels/kernel-memory.ts";
import { elementKernel as binary } from "./element-kernel-binary.ts";

/** The functions of element-kernel.wat. */
interface ElementKernel {
  check(start: number, end: number, result: number): number;
  /** 0 or 1; -1 when it cannot tell. */
  ascending(start: number, end: number): number;
  checkBlock(start: number, end: number, ids: number): number;
  distinct(start: number, end: number, stride: number, compared: number, places: number): number;
  merge(start: number, end: number, run: number, runEnd: number, withValues: 0 | 1, result: number): number;
}

let opened: ElementKernel | undefined;

export const elementKernel = (): ElementKernel => (opened ??= openKernel(binary) as unknown as ElementKernel);
