import type { BundleFigures } from "../ledger/bundles.ts";

/** A sweep takes a fraction of a second: what waits for this long waits for somebody who does not come. */
const lateMs = 10_000;

/** Why bundles pile up, in words; undefined while they do not. */
export function describeStuckBundles(
  { collecting, oldestCollectingMs, unreleased, oldestUnreleasedMs }: BundleFigures,
  { nowMs, collectWithinMs }: { readonly nowMs: number; readonly collectWithinMs: number },
): string | undefined {
  const lateBy = (sinceMs: number | undefined): number => (sinceMs === undefined ? 0 : nowMs - sinceMs);
  const seconds = (ms: number): string => `${Math.round(ms / 1_000)} s`;
  const held = lateBy(oldestUnreleasedMs);
  if (held > lateMs) {
    return `${unreleased} broken bundles still hold units, the oldest for ${seconds(held)}: no sweep releases them`;
  }
  const waited = lateBy(oldestCollectingMs);
  if (waited <= collectWithinMs + lateMs) return undefined;
  return `${collecting} bundles wait for a part, the oldest for ${seconds(waited)}: no sweep breaks them`;
}
