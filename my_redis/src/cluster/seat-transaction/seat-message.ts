import type { Operation, Outcome, TakenValue, TransactionId } from "../transaction/transaction-message.ts";

/** The name of a place on the ring. */
export type SeatName = string;

/** The participants of a write. The first one is its home, which decides. */
export type Participants = readonly [home: SeatName, ...others: SeatName[]];

/** What is asked of the primary of `seat`. */
export type SeatRequest =
  | {
      readonly type: "prepare";
      readonly seat: SeatName;
      readonly id: TransactionId;
      readonly participants: Participants;
      readonly database: number;
      readonly operations: readonly Operation[];
    }
  /** Of the home: all participants have prepared. It decides to go forward, unless it has given the write up. */
  | { readonly type: "commit"; readonly seat: SeatName; readonly id: TransactionId }
  /** Of the home: what has become of it? */
  | { readonly type: "ask"; readonly seat: SeatName; readonly id: TransactionId }
  /** Of a participant: carry your part out, or give it up. */
  | { readonly type: "end"; readonly seat: SeatName; readonly id: TransactionId; readonly outcome: Outcome }
  /** Of the home: all participants have ended these. */
  | { readonly type: "forget"; readonly seat: SeatName; readonly ids: readonly TransactionId[] };

export type SeatRequestOf<Type extends SeatRequest["type"]> = Extract<SeatRequest, { type: Type }>;

export type SeatAnswer =
  /** The keys are locked; `count` keys existed that are to be deleted. */
  | { readonly type: "prepared"; readonly count: number; readonly taken: TakenValue | undefined }
  /** Another write holds one of the keys, or its slot is about to move. */
  | { readonly type: "busy" }
  /**
   * This node does not serve the seat, or knows other seats, or other owners of slots. Or it could not keep what it did, as with a
   * full disk, or after a failover: a part may be prepared.
   */
  | { readonly type: "elsewhere" }
  /** A check failed: "exists", "missing", or the text of an error. */
  | { readonly type: "refused"; readonly reason: string }
  | { readonly type: "decided"; readonly outcome: Outcome }
  | { readonly type: "undecided" }
  | { readonly type: "done" };
