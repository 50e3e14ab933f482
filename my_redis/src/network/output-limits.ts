import type { OutputLimit } from "../settings/special-values.ts";

/** How long a client's unread output has been above the soft limit. */
export interface OutputWatch {
  /** Since when, by the monotonic clock; undefined while it is below. */
  aboveSoftSinceMs: number | undefined;
}

/**
 * Why a client must be disconnected because of its unread output, or undefined. Must be called when the output changes,
 * and regularly, because the soft limit depends on time.
 */
export function outputExcess(
  watch: OutputWatch,
  unreadBytes: number,
  limit: OutputLimit,
  monotonicMs: number,
): string | undefined {
  const { hardBytes, softBytes, softSeconds } = limit;
  if (hardBytes > 0 && unreadBytes >= hardBytes)
    return `${unreadBytes} bytes unread, and the hard limit is ${hardBytes}`;
  if (softBytes === 0 || unreadBytes < softBytes) {
    watch.aboveSoftSinceMs = undefined;
    return undefined;
  }
  watch.aboveSoftSinceMs ??= monotonicMs;
  if (monotonicMs - watch.aboveSoftSinceMs <= softSeconds * 1000) return undefined;
  return `${unreadBytes} bytes unread, above the soft limit of ${softBytes} for more than ${softSeconds} seconds`;
}
