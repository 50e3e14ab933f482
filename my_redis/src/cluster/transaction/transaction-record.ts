import type { Acceptance, Ballot, MemberName, Operation, Outcome, TransactionId } from "./transaction-message.ts";

/** This node's part in a transaction: what its keys are to become. */
export interface PreparedPart {
  readonly database: number;
  readonly operations: readonly Operation[];
  readonly count: number;
  /** The bytes that it holds in memory. */
  readonly bytes: number;
}

/** The knowledge of one node about a transaction: as a participant, whose keys are concerned, as an acceptor, or as both. */
export interface TransactionRecord {
  readonly id: TransactionId;
  readonly participants: readonly MemberName[];
  prepared: PreparedPart | undefined;
  /** The highest ballot that this node is bound to. */
  promised: Ballot;
  accepted: Acceptance | undefined;
  outcome: Outcome | undefined;
  readonly createdMs: number;
  /** When this node last heard of it. */
  touchedMs: number;
  /** All participants have ended it. The record is dropped once it is old enough. */
  forgettable: boolean;
}

/** The entries of the log, in the order of the events. */
export type TransactionLogEntry =
  | {
      readonly type: "prepared";
      readonly id: TransactionId;
      readonly participants: readonly MemberName[];
      readonly part: PreparedPart;
    }
  | {
      readonly type: "promised";
      readonly id: TransactionId;
      readonly participants: readonly MemberName[];
      readonly ballot: Ballot;
    }
  | {
      readonly type: "accepted";
      readonly id: TransactionId;
      readonly participants: readonly MemberName[];
      readonly acceptance: Acceptance;
    }
  | { readonly type: "finished"; readonly id: TransactionId; readonly outcome: Outcome }
  | { readonly type: "forgotten"; readonly ids: readonly TransactionId[] };

export function newRecord(id: TransactionId, participants: readonly MemberName[], nowMs: number): TransactionRecord {
  return {
    id,
    participants,
    prepared: undefined,
    promised: 0,
    accepted: undefined,
    outcome: undefined,
    createdMs: nowMs,
    touchedMs: nowMs,
    forgettable: false,
  };
}
