/**
 * Why a message was set aside.
 * - `unreadable`: it is no reservation message;
 * - `newer_version`: a newer program wrote it. Its reservation has no answer yet;
 * - `unknown_product`: the ledger has no such product in that sale;
 * - `refused_value`: the database cannot hold it.
 */
export type DeadLetterReason = "unreadable" | "newer_version" | "unknown_product" | "refused_value";

/** `waiting` for an operator, who lets it be recorded after all (`replayed`) or gives it up (`discarded`). */
export type DeadLetterState = "waiting" | "replayed" | "discarded";

/** A queue message that no consumer can record. */
export interface NewDeadLetter {
  readonly body: Uint8Array;
  readonly reason: DeadLetterReason;
  /** The same in words. */
  readonly detail: string;
  /** The parts that could be read. */
  readonly reservationId: string | undefined;
  readonly productId: string | undefined;
  readonly userId: string | undefined;
}

export interface DeadLetter extends NewDeadLetter {
  /** 32 hexadecimal digits: a hash of the body. */
  readonly id: string;
  /** The size of the message. Of a longer one, `body` is the first `maxKeptBytes`. */
  readonly bodyBytes: number;
  readonly state: DeadLetterState;
  /** Unix milliseconds, as all times here. */
  readonly keptAtMs: number;
  readonly settledAtMs: number | undefined;
  /** Who replayed or discarded it. */
  readonly settledBy: string | undefined;
  /** What came of that, in words. */
  readonly outcome: string | undefined;
}

export interface Settlement {
  readonly state: Exclude<DeadLetterState, "waiting">;
  readonly by: string;
  readonly outcome: string;
}

/** Of a longer message only the beginning is kept. No valid message is a quarter as long. */
export const maxKeptBytes = 65_536;
/** Most letters that wait, since other programs may write to the queue too. Beyond it consumers take no further messages. */
export const maxWaitingLetters = 100_000;

/** The messages that were set aside, kept in the ledger so that every role and every operator can see them. */
export interface LedgerDeadLetters {
  /** "known": the same body was kept before. "full": too many letters wait, and this one was not kept. */
  keep(letter: NewDeadLetter): Promise<"kept" | "known" | "full">;
  /** The oldest letters first. */
  list(state: DeadLetterState, limit: number): Promise<DeadLetter[]>;
  read(id: string): Promise<DeadLetter | undefined>;
  countWaiting(): Promise<number>;
  /** Only a waiting letter is settled. Returns whether this call did it: two operators may be at work at once. */
  settle(id: string, settlement: Settlement): Promise<boolean>;
}
