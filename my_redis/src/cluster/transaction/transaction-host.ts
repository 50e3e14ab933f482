import type {
  MemberName,
  Operation,
  TakenValue,
  TransactionAnswer,
  TransactionRequest,
} from "./transaction-message.ts";
import type { TransactionLogEntry } from "./transaction-record.ts";

/** The result of the checks of a preparation. */
export type Examination =
  | { readonly refusal: string }
  | { readonly refusal: undefined; readonly count: number; readonly taken: TakenValue | undefined };

/** The node, as far as transactions need it. The simulation in the tests has an implementation of its own. */
export interface TransactionHost {
  readonly self: MemberName;
  /** All nodes, sorted; alike on every node. */
  readonly members: readonly MemberName[];
  /** Milliseconds of a clock that never goes back, and that goes on while the process is frozen. */
  monotonicMs(): number;
  /** From 0 to below 1. */
  random(): number;
  schedule(delayMs: number, run: () => void): void;
  /**
   * Asks a node, which may be this one. `answered` is called once, later, and with undefined when no answer came: the request
   * may have been carried out nonetheless. A node's answer leaves when what it had logged before is durable.
   */
  ask(member: MemberName, request: TransactionRequest, answered: (answer: TransactionAnswer | undefined) => void): void;
  isReachable(member: MemberName): boolean;
  /** Checks operations against the data, and takes out what they hand over. Changes nothing. */
  examine(database: number, operations: readonly Operation[]): Examination;
  /** Logs an entry. */
  log(entry: TransactionLogEntry): void;
  /** Logs an entry, carries the operations out, and logs what that changed: one unit, loaded whole or not at all. */
  logAndApply(entry: TransactionLogEntry, database: number, operations: readonly Operation[]): void;
  /** Keys have been unlocked: requests that wait for them may go on. */
  unlocked(): void;
}

export interface TransactionLimits {
  /** The coordinator decides only within this time of the first preparation. */
  readonly prepareTimeoutMs: number;
  /** How long each phase of an attempt to decide waits for answers. */
  readonly phaseTimeoutMs: number;
  /** A node that hears nothing of a transaction for this long takes it over. Longer than `prepareTimeoutMs`. */
  readonly silenceMs: number;
  /** A transaction that was given up is remembered for at least this long, so that no message under way can bring it back. */
  readonly rememberMs: number;
  /** Transactions that one node takes part in or helps to decide at a time. */
  readonly maxRecords: number;
  /** Bytes of prepared operations on one node. */
  readonly maxPreparedBytes: number;
  /** Transactions that one node coordinates at a time. */
  readonly maxCoordinated: number;
}
