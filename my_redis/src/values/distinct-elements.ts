import { distinctPlaces } from "../memory/kernels/kernel-memory.ts";
import type { ElementRun } from "./element-run.ts";
import { elementKernel } from "./open-element-kernel.ts";

/** The greatest number of elements that are compared: the kernel's table has room for twice as many. */
export const maxDistinctElements = 2048;

/**
 * Whether every `stride`-th element of the run, starting with the first, differs from the others: the fields of a hash,
 * the members of a set. There are at most `maxDistinctElements` of them, and the run has been checked.
 */
export const areDistinct = ({ start, end, count }: ElementRun, stride: number): boolean =>
  elementKernel().distinct(start, end, stride, Math.ceil(count / stride), distinctPlaces) !== 0;
