import type { OutputLimit } from "../settings/special-values.ts";

/** How long a client has been above his soft limit of unread replies. */
export interface OutputWatch {
  /** Since when, Unix milliseconds; undefined while he is below. */
  aboveSoftSinceMs: number | undefined;
}

/** Why a client must go because of what he leaves unread, or undefined. To be asked whenever that changes, and now and then. */
export function outputExcess(
  watch: OutputWatch,
  unreadBytes: number,
  limit: OutputLimit,
  nowMs: number,
): string | undefined {
  const { hardBytes, softBytes, softSeconds } = limit;
  if (hardBytes > 0 && unreadBytes > hardBytes) return `more than ${hardBytes} bytes of replies unread`;
  if (softBytes === 0 || unreadBytes <= softBytes) {
    watch.aboveSoftSinceMs = undefined;
    return undefined;
  }
  watch.aboveSoftSinceMs ??= nowMs;
  if (nowMs - watch.aboveSoftSinceMs <= softSeconds * 1000) return undefined;
  return `more than ${softBytes} bytes of replies unread for more than ${softSeconds} seconds`;
}
