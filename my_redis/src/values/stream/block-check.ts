import { kernelWords, resultWords } from "../../memory/kernels/kernel-memory.ts";
import type { ElementRun } from "../element-run.ts";
import { elementKernel } from "../open-element-kernel.ts";
import type { StreamId } from "./stream-id.ts";

const wordsOfId = 4;
/** Where the kernel finds two ids and leaves two others. */
const ids = resultWords / 4;

/**
 * The number of live entries of a block of unknown origin, a run that was checked; 0 when it cannot become part of a
 * stream as it is. Its id and those of its entries must be greater than `after`, and in order. The ids of the first and
 * the last entry that is not deleted go to `first` and `last`, which may be `after`.
 */
export function checkBlock(
  { start, end }: ElementRun,
  blockId: StreamId,
  after: StreamId,
  first: StreamId,
  last: StreamId,
): number {
  putId(ids, blockId);
  putId(ids + wordsOfId, after);
  const live = elementKernel().checkBlock(start, end, resultWords);
  if (live === 0) return 0;
  takeId(ids + 2 * wordsOfId, first);
  takeId(ids + 3 * wordsOfId, last);
  return live;
}

/** Writes an id to the words of the kernels from `at` on. */
export function putId(at: number, { timeHigh, timeLow, sequenceHigh, sequenceLow }: StreamId): void {
  kernelWords[at] = timeLow;
  kernelWords[at + 1] = timeHigh;
  kernelWords[at + 2] = sequenceLow;
  kernelWords[at + 3] = sequenceHigh;
}

/** Reads an id from the words of the kernels from `at` on. */
export function takeId(at: number, id: StreamId): void {
  id.timeLow = kernelWords[at] as number;
  id.timeHigh = kernelWords[at + 1] as number;
  id.sequenceLow = kernelWords[at + 2] as number;
  id.sequenceHigh = kernelWords[at + 3] as number;
}
