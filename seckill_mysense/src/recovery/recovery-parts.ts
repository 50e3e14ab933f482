import type { Gate } from "../gate/gate.ts";
import type { LedgerGates } from "../ledger/gates.ts";
import type { Logger } from "../logging/logger.ts";
import type { ReservationQueue } from "../queue/queue.ts";
import type { ConsumerReport } from "./consumer-report.ts";
import type { Clock } from "../time/clock.ts";

/** What finding and rebuilding a lost gate needs. */
export interface RecoveryParts {
  readonly gate: Pick<Gate, "arm" | "status" | "repair">;
  readonly gates: LedgerGates;
  /** Undefined if this process has no access to the queue. */
  readonly queue: Pick<ReservationQueue, "depth" | "unsettled"> | undefined;
  /** What the consumers of a shared queue say of themselves. */
  readonly consumers?: (() => Promise<readonly ConsumerReport[]>) | undefined;
  /** How many messages wait for an operator, who may replay them. */
  readonly deadLetters?: (() => Promise<number>) | undefined;
  /** The name of this process in the ledger's list of repairs. */
  readonly repairer: string;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly times?: Partial<RecoveryTimes>;
}

/** In milliseconds. */
export interface RecoveryTimes {
  /** A repairer that shows no progress for this long is replaced by another one. */
  readonly leaseMs: number;
  /** How long a repair waits for reservations on their way to the ledger before it gives up for now. */
  readonly drainMs: number;
  /** A consumer may be one that says nothing. So the ledger's figures of the product must not change for this long. */
  readonly quietMs: number;
}

export const defaultTimes: RecoveryTimes = { leaseMs: 5_000, drainMs: 20_000, quietMs: 1_500 };
