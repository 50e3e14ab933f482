import { copyBytes } from "../memory/copy-bytes.ts";
import {
  distinctPlaces,
  input,
  kernelBytes,
  kernelWords,
  maxInputBytes,
  openKernel,
  packed,
  packedBytes,
  resultWords,
} from "../memory/kernels/kernel-memory.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { elementKernel } from "./open-element-kernel.ts";
import { packKernel } from "./open-pack-kernel.ts";
import { isInteger } from "./packed-element.ts";
import { orderKernel as orderBinary } from "./sorted-set/order-kernel-binary.ts";

/** The function of order-kernel.wat. */
interface OrderKernel {
  order(at: number, end: number, to: number, places: number): number;
}

let orderKernel: OrderKernel | undefined;
/** From so many words on, packing them at once is worth copying the request to the memory of the kernels. */
const manyWords = 4;

/** Requests of a log are in the memory of the kernels. */
export const isInKernelMemory = ({ buffer }: Arguments): boolean => buffer === kernelBytes;

/** Whether it is faster to pack the arguments from `from` on at once than one by one. */
export const isWorthPacking = (args: Arguments, from: number): boolean =>
  args.count - from >= manyWords || (isInKernelMemory(args) && args.count > from);

/** No more are put in order at once: the order is found by insertion. */
const maxOrdered = 256;

/**
 * Consecutive elements of unknown origin. Once `check` has found that each is complete and in the only form that
 * packed-element.ts gives it, they can become part of a value without conversion.
 */
export class ElementRun {
  /** The elements are bytes[start, end), until another run is checked. */
  readonly bytes = kernelBytes;
  start = 0;
  end = 0;
  /** The number of elements. */
  count = 0;
  /** No element's text is longer than this. Any integer counts as long as the longest one. */
  longest = 0;
  /** Whether at least one element is not an integer. */
  hasText = false;

  /** Whether the first element is an integer. There must be an element. */
  get beginsWithInteger(): boolean {
    return isInteger(this.bytes, this.start);
  }

  /**
   * Checks every element of bytes[start, end). False when one is broken or in another form, or when there are more bytes
   * than the memory of kernels has room for; then the other fields of this object are undefined.
   */
  check(bytes: Uint8Array, start: number, end: number): boolean {
    const isThere = bytes === kernelBytes;
    if (!isThere && end - start > maxInputBytes) return false;
    if (!isThere) copyBytes(bytes, start, end, kernelBytes, input);
    this.start = isThere ? start : input;
    this.end = this.start + end - start;
    this.count = elementKernel().check(this.start, this.end, resultWords);
    this.longest = kernelWords[resultWords / 4] as number;
    this.hasText = kernelWords[resultWords / 4 + 1] !== 0;
    return this.count >= 0;
  }

  /**
   * Packs the arguments from `from` on. False when they cannot be packed at once: the request did not come as RESP, it has
   * more bytes than fit, or one argument is long or may be an integer beyond the limits. Then the other fields of this
   * object are undefined.
   */
  pack({ buffer, count, requestStart, requestEnd }: Arguments, from: number): boolean {
    const size = requestEnd - requestStart;
    // Elements are shorter than the same words in a request.
    if (size <= 0 || size > packedBytes) return false;
    const isThere = buffer === kernelBytes;
    if (!isThere) copyBytes(buffer, requestStart, requestEnd, kernelBytes, input);
    this.start = packed;
    this.count = count - from;
    this.end = packKernel().pack(isThere ? requestStart : input, from, this.count, packed, resultWords);
    this.longest = kernelWords[resultWords / 4] as number;
    this.hasText = kernelWords[resultWords / 4 + 1] !== 0;
    return this.end !== 0;
  }

  /**
   * Adds the elements to bytes[start, end), which are checked, unless they are there. With a `width` of 2, every second
   * element is the value of the one before it, and takes the place of the earlier value. This object then has all
   * elements, without their count. Gives how many were not there. There must be memory for all in `input`.
   */
  mergeInto(bytes: Uint8Array, start: number, end: number, width: 1 | 2): number {
    copyBytes(bytes, start, end, kernelBytes, input);
    const withValues = width === 2 ? 1 : 0;
    const inputEnd = input + end - start;
    this.end = elementKernel().merge(input, inputEnd, this.start, this.end, withValues, resultWords);
    this.start = input;
    return kernelWords[resultWords / 4] as number;
  }

  /**
   * Turns scores with their members, which `pack` has packed, into members with their scores in the order of a sorted
   * set. False when a score is invalid, or is not in the only form that it has there, and when this order is hard to find;
   * then the other fields of this object are undefined.
   */
  orderByScore(): boolean {
    if (this.count > 2 * maxOrdered) return false;
    orderKernel ??= openKernel(orderBinary, { elements: { ...elementKernel() } }) as unknown as OrderKernel;
    this.end = orderKernel.order(this.start, this.end, input, distinctPlaces);
    this.start = input;
    return this.end !== 0;
  }
}
