/** Unique among all transactions of all nodes: the coordinator's incarnation and a number. */
export type TransactionId = string;

/** The decision on a transaction: every node carries its part out, or none does. */
export type Outcome = "forward" | "back";

/** A node's name, as `self` and `peers` give it. */
export type MemberName = string;

/**
 * A change of one key. "set" stores a string, "put" the payload of a DUMP; the forms in "-absent" refuse
 * when the key exists. "delete" counts keys that exist. "take" refuses when the key is missing, hands the value over and
 * removes the key.
 */
export type OperationKind = "set" | "set-absent" | "delete" | "take" | "put" | "put-absent";

export interface Operation {
  readonly kind: OperationKind;
  readonly key: Uint8Array;
  /** The string or payload; empty where there is none. */
  readonly value: Uint8Array;
  /** Unix milliseconds; -1 for never. Only of "put". */
  readonly expiryMs: number;
}

/** Fields of a record and an operation, besides keys and values. */
const bytesPerOperation = 64;

/** About how much memory operations take. A key is kept twice: the lock table has a copy. */
export function bytesOf(operations: readonly Operation[]): number {
  return operations.reduce((sum, { key, value }) => sum + key.length * 2 + value.length + bytesPerOperation, 0);
}

/** A value handed over by "take". */
export interface TakenValue {
  readonly payload: Uint8Array;
  /** Unix milliseconds; -1 for never. */
  readonly expiryMs: number;
}

/**
 * Orders the attempts to decide on one transaction. 0 belongs to the coordinator. A node that takes over uses a
 * higher one, which no other node uses.
 */
export type Ballot = number;

export type TransactionRequest =
  | {
      readonly type: "prepare";
      readonly id: TransactionId;
      readonly participants: readonly MemberName[];
      readonly database: number;
      readonly operations: readonly Operation[];
    }
  | {
      readonly type: "accept";
      readonly id: TransactionId;
      readonly participants: readonly MemberName[];
      readonly ballot: Ballot;
      readonly outcome: Outcome;
    }
  | {
      readonly type: "promise";
      readonly id: TransactionId;
      readonly participants: readonly MemberName[];
      readonly ballot: Ballot;
    }
  | {
      readonly type: "decide";
      readonly id: TransactionId;
      readonly participants: readonly MemberName[];
      readonly outcome: Outcome;
    }
  | { readonly type: "forget"; readonly ids: readonly TransactionId[] };

export interface Acceptance {
  readonly ballot: Ballot;
  readonly outcome: Outcome;
}

export type TransactionAnswer =
  /** The keys are locked and the operations are in the log; `count` keys existed that are to be deleted. */
  | { readonly type: "prepared"; readonly count: number; readonly taken: TakenValue | undefined }
  /** Another transaction holds one of the keys, or the transaction was given up already: the coordinator may try again. */
  | { readonly type: "busy" }
  /** A check failed: "exists", "missing", or the text of an error. */
  | { readonly type: "refused"; readonly reason: string }
  | { readonly type: "accepted" }
  /** Bound to a higher ballot. */
  | { readonly type: "outbid"; readonly ballot: Ballot }
  | {
      readonly type: "promised";
      readonly accepted: Acceptance | undefined;
      /** This node knows the decision. */
      readonly outcome: Outcome | undefined;
    }
  | { readonly type: "done" };
