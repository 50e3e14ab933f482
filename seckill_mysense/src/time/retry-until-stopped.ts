import { backoffMs, type Backoff } from "./backoff.ts";
import { pause } from "./pause.ts";

export interface RetryUntilStoppedOptions {
  readonly backoff: Backoff;
  /** Aborting ends a pause at once. A running attempt finishes, and its result counts. */
  readonly signal: AbortSignal;
  /** `failures` counts from 1, so that the caller can log one line for an outage of many attempts. */
  readonly onFailure: (error: unknown, failures: number) => void;
}

export type Retried<T> =
  | { readonly kind: "done"; readonly value: T; readonly failures: number }
  | { readonly kind: "stopped" };

/**
 * Repeats the attempt with growing pauses until it succeeds or the signal is aborted. Makes at least one attempt, even
 * if the signal is already aborted. For work that is safe to repeat after any failure.
 */
export async function retryUntilStopped<T>(
  attempt: () => Promise<T>,
  { backoff, signal, onFailure }: RetryUntilStoppedOptions,
): Promise<Retried<T>> {
  for (let failures = 0; ;) {
    try {
      return { kind: "done", value: await attempt(), failures };
    } catch (error) {
      failures += 1;
      onFailure(error, failures);
    }
    await pause(backoffMs(failures, backoff), signal);
    if (signal.aborted) return { kind: "stopped" };
  }
}
