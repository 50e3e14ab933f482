import type { Logger } from "../logging/logger.ts";
import { pause } from "../time/pause.ts";
import { retryUntilStopped } from "../time/retry-until-stopped.ts";
import type { Wakeup } from "./wakeup.ts";
import type { BatchHandler, ConsumeOptions, Delivery, DeliveryVerdict } from "./queue.ts";

const retryBackoff = { firstMs: 50, maxMs: 5_000 };

/**
 * Gives a batch to the handler until the handler decides, with growing pauses after failures. Undefined if it is stopped
 * before that: then no message of the batch may be acknowledged.
 */
export async function handleBatch(
  handler: BatchHandler,
  batch: readonly Delivery[],
  { signal, logger }: { readonly signal: AbortSignal; readonly logger: Logger },
): Promise<readonly DeliveryVerdict[] | undefined> {
  let deliveries = batch;
  const attempt = async (): Promise<readonly DeliveryVerdict[]> => {
    const verdicts = await handler(deliveries);
    if (verdicts.length === batch.length) return verdicts;
    throw new Error(`the handler gave ${verdicts.length} verdicts for ${batch.length} deliveries`);
  };
  const outcome = await retryUntilStopped(attempt, {
    backoff: retryBackoff,
    signal,
    onFailure: (error, failures) => {
      if (failures === 1) logger.warn("consumer failed, its batch is tried again", { reason: String(error) });
      deliveries = batch.map((delivery) => ({ ...delivery, redelivered: true }));
    },
  });
  return outcome.kind === "done" ? outcome.value : undefined;
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
