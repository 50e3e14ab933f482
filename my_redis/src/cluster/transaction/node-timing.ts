import type { TransactionLimits } from "./transaction-host.ts";

const maxRecords = 65_536;
const maxPreparedBytes = 256 * 1024 * 1024;
const maxCoordinated = 16_384;

/** How long transactions wait for what, from cluster-node-timeout. Keys are locked for at most about twice as long. */
export function transactionLimits(nodeTimeoutMs: number): TransactionLimits {
  return {
    prepareTimeoutMs: nodeTimeoutMs / 2,
    phaseTimeoutMs: nodeTimeoutMs / 4,
    silenceMs: nodeTimeoutMs,
    rememberMs: nodeTimeoutMs * 4,
    maxRecords,
    maxPreparedBytes,
    maxCoordinated,
  };
}
