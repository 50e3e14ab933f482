import { copyBytes } from "../memory/copy-bytes.ts";
import { input, kernelBytes, kernelWords, maxInputBytes, resultWords } from "../memory/kernels/kernel-memory.ts";
import { elementKernel } from "./open-element-kernel.ts";
import { isInteger } from "./packed-element.ts";

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
}
