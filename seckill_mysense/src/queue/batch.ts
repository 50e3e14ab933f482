import { pause } from "../time/pause.ts";
import { retryUntilStopped } from "../time/retry-until-stopped.ts";
import type { Wakeup } from "./wakeup.ts";
import type { BatchHandler, ConsumeOptions, Delivery } from "./queue.ts";

const retryBackoff = { firstMs: 50, maxMs: 5_000 };

/**
 * Gives a batch to the handler until the handler decides, with growing pauses after failures.
 * @returns whether it decided. If it was stopped before that, no message of the batch may be acknowledged.
 */
export async function handleBatch(
  handler: BatchHandler,
  batch: readonly Delivery[],
  signal: AbortSignal,
): Promise<boolean> {
  const onFailure = (): void => {};
  const outcome = await retryUntilStopped(() => handler(batch), { backoff: retryBackoff, signal, onFailure });
  return outcome.kind === "done";
}

/**
 * Waits for a first message, and then until the batch is full or an incomplete batch has waited for `maxWaitMs`.
 * `news` must be woken whenever `ready` grows, and when the signal is aborted.
 */
export async function gatherBatch(
  { ready, news, signal }: { readonly ready: () => number; readonly news: Wakeup; readonly signal: AbortSignal },
  { maxBatch, maxWaitMs }: ConsumeOptions,
): Promise<void> {
  while (ready() === 0 && !signal.aborted) await news.next;
  if (maxWaitMs === 0 || ready() >= maxBatch) return;
  let isOver = false;
  const waited = pause(maxWaitMs, signal).then(() => (isOver = true));
  while (ready() < maxBatch && !isOver) await Promise.race([news.next, waited]);
}

export function checkConsumeOptions({ maxBatch, maxWaitMs }: ConsumeOptions): void {
  if (!Number.isInteger(maxBatch) || maxBatch < 1 || maxBatch > 10_000) {
    throw new RangeError(`maxBatch must be an integer from 1 to 10000, but is ${maxBatch}`);
  }
  if (!(maxWaitMs >= 0 && maxWaitMs <= 60_000)) {
    throw new RangeError(`maxWaitMs must be from 0 to 60000, but is ${maxWaitMs}`);
  }
}
