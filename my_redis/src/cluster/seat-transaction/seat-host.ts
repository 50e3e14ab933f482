import type { Examination } from "../transaction/transaction-host.ts";
import type { Operation } from "../transaction/transaction-message.ts";
import type { SeatLogEntry } from "./seat-book.ts";
import type { SeatAnswer, SeatName, SeatRequest } from "./seat-message.ts";

export type SeatAnswered = (answer: SeatAnswer | undefined) => void;

/** The node, as far as anybody needs it who takes part in writes across seats. The simulation has one of its own. */
export interface SeatHost {
  /** Milliseconds of a clock that never goes back, and that goes on while the process is frozen. */
  monotonicMs(): number;
  /** From 0 to below 1. */
  random(): number;
  schedule(delayMs: number, run: () => void): void;
  /**
   * Asks the primary of a seat, which may be this node. `answered` is called once, later, and with undefined when no answer came: the request
   * may have been carried out nonetheless. A request arrives once at most.
   */
  ask(request: SeatRequest, answered: SeatAnswered): void;
}

/** The node as a coordinator. */
export interface CoordinatorHost extends SeatHost {
  /** The seat that owns a key, as far as this node knows. */
  seatOf(key: Uint8Array): SeatName | undefined;
}

/** The node as the primary of a seat. */
export interface ParticipantHost extends SeatHost {
  /** The seat of this node, and its epoch, while this node may carry out requests as its primary: it has a lease. */
  readonly serving: { readonly seat: SeatName; readonly epoch: number } | undefined;
  /** Whether a seat is in the ring, by the newest table that this node knows. */
  isInRing(seat: SeatName): boolean;
  /** Why these keys cannot be prepared at present. */
  obstacleTo(operations: readonly Operation[]): "busy" | "elsewhere" | undefined;
  /** Checks operations against the data, and takes out what they hand over. Changes nothing. */
  examine(database: number, operations: readonly Operation[]): Examination;
  /** Makes an entry a part of the seat's data, and of the book. */
  log(entry: SeatLogEntry): void;
  /** As `log`, and carries the operations out, as one unit. */
  logAndApply(entry: SeatLogEntry, database: number, operations: readonly Operation[]): void;
  /** Keys have been unlocked: requests that wait for them may go on. */
  unlocked(): void;
  /**
   * Calls back with true once every copy in sync has all that was logged so far, while this node has its lease; with false when
   * that will not be known, because this epoch is over.
   */
  whenKept(run: (isKept: boolean) => void): void;
}
