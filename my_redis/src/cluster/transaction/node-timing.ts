import type { LockWaitLimits } from "./locked-requests.ts";
import type { TransactionLimits } from "./transaction-host.ts";

const maxWaiting = 10_000;
const maxWaitingBytes = 64 * 1024 * 1024;
const maxRecords = 65_536;
const maxPreparedBytes = 256 * 1024 * 1024;
const maxCoordinated = 16_384;
/** Upper limit of the phases: locks need not last as long as a node may be silent before it counts as gone. */
const longestSilenceMs = 5000;

/** Of the requests that wait for locked keys. */
export const lockWaitLimits = ({ silenceMs }: TransactionLimits): LockWaitLimits => ({
  ...{ maxWaiting, maxWaitingBytes, maxWaitMs: silenceMs * 2 },
});

/**
 * The time limits of transactions. Keys are locked for at most about twice `silenceMs`, as long as enough nodes
 * answer. A message lives no longer than the link that carries it, which ends after `nodeTimeoutMs` of silence.
 */
export function transactionLimits(nodeTimeoutMs: number): TransactionLimits {
  const silenceMs = Math.min(nodeTimeoutMs, longestSilenceMs);
  return {
    prepareTimeoutMs: silenceMs / 2,
    phaseTimeoutMs: silenceMs / 4,
    silenceMs,
    rememberMs: silenceMs * 4 + nodeTimeoutMs * 2,
    maxRecords,
    maxPreparedBytes,
    maxCoordinated,
  };
}
