import { backoffMs, type Backoff } from "./backoff.ts";
import { pause } from "./pause.ts";

export interface RetryUntilStoppedOptions {
  readonly backoff: Backoff;
  /** Ends a pause at once. An attempt that is under way comes to its end, and its result counts. */
  readonly signal: AbortSignal;
  /** `failures` counts from 1: an outage has many attempts, and a log wants one line. */
  readonly onFailure: (error: unknown, failures: number) => void;
}

export type Retried<T> =
  | { readonly kind: "done"; readonly value: T; readonly failures: number }
  | { readonly kind: "stopped" };

/**
 * Repeats the attempt until it succeeds, with growing pauses, for as long as it takes: at least once, also when it is
 * stopped already. For work that may be repeated after any failure.
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
