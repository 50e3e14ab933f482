import type { RateRange } from "../domain/admission-rate.ts";
import type { AdmissionStep, RoomMode } from "../domain/room.ts";

/** What never changes about the room of a published sale. */
export interface Room {
  /** Short: each entry carries it. */
  readonly id: number;
  readonly saleId: string;
  readonly mode: RoomMode;
  readonly opensAtMs: number;
  readonly closesAtMs: number | undefined;
  readonly useWithinMs: number;
  /** How many win a ballot; undefined in other modes. */
  readonly winners: number | undefined;
  /** The published rules of fair-draw, in canonical form. */
  readonly rules: string;
  readonly rulesHash: Uint8Array;
  /** Not to be told before the order is known. */
  readonly secret: Uint8Array;
  /** The private key of receipts, Ed25519. */
  readonly receiptKey: Uint8Array;
  readonly pseudonymKey: Uint8Array;
}

export interface ListedRoom {
  readonly room: Room;
  /** Of the sale, Unix milliseconds. */
  readonly endsAtMs: number;
  readonly isCancelled: boolean;
}

/** Some entries, and what stands for them. */
export interface RoomLine {
  readonly entries: number;
  readonly head: Uint8Array;
}

export interface NumberedStep extends AdmissionStep {
  /** From 1. */
  readonly step: number;
}

export interface RoomState {
  /** The ledger's clock, which decides about all moments of a room. Unix milliseconds. */
  readonly nowMs: number;
  readonly line: RoomLine;
  /** The entries that take part in the draw; undefined until the entry is closed. */
  readonly drawn: RoomLine | undefined;
  /** Of the tree over the drawn entries; undefined until it is announced. */
  readonly root: Uint8Array | undefined;
  /** As JSON; undefined until it is known. */
  readonly publicValue: string | undefined;
  readonly seed: Uint8Array | undefined;
  /** Undefined until it is known when the admission begins. */
  readonly beginsAtMs: number | undefined;
  readonly per1000Seconds: number;
  /** Between which the rate follows the load of the checkout; undefined: it is as operators set it. */
  readonly rateRange: RateRange | undefined;
  readonly isOnHold: boolean;
  readonly used: number;
  readonly judged: number;
  readonly passedOn: number;
  /** Raised by all changes but entries and uses. */
  readonly revision: number;
}

export interface RoomEntry {
  readonly number: number;
  readonly pseudonym: Uint8Array;
  readonly enteredAtMs: number;
}

export interface EnterRequest {
  readonly roomId: number;
  /** 16 bytes. */
  readonly pseudonym: Uint8Array;
  readonly maxEntries: number;
}

export type EnterOutcome =
  | { readonly kind: "entered"; readonly entry: RoomEntry }
  /** `closed`: a ballot takes no entries after its closing. */
  | { readonly kind: "not_open" | "closed" | "full" };

export interface PlaceKey {
  readonly roomId: number;
  readonly place: number;
}

export interface UseRequest extends PlaceKey {
  /** The number of the entry that has the place. */
  readonly number: number;
  /** That of the same entry, 16 bytes. */
  readonly pseudonym: Uint8Array;
  /** By which the place was drawn; undefined for a place by the order of coming. */
  readonly seed: Uint8Array | undefined;
  /** Needed in a ballot, whose place counts as used while its user holds an order. */
  readonly userId?: string;
}

export type UseOutcome =
  /** `isNew`: nobody has used the place before. `openUntilMs`: the end of its window; undefined if that is over. */
  | { readonly kind: "used"; readonly isNew: boolean; readonly openUntilMs: number | undefined }
  | { readonly kind: "waiting" }
  | { readonly kind: "expired" }
  /** No such entry has this place. The ledger fell back to an older state after somebody was told of it. */
  | { readonly kind: "unknown" };

export type AdmissionChange =
  | { readonly kind: "hold" | "open" }
  /** A rate that stays as it is. */
  | { readonly kind: "rate"; readonly per1000Seconds: number }
  /** A rate that follows the load of the checkout from now on. */
  | { readonly kind: "rate range"; readonly rateRange: RateRange };

/** A change of a rate that follows the load. Both in 1,000 seconds. */
export interface RateMove {
  readonly from: number;
  readonly to: number;
}

export type ValueOutcome =
  | { readonly kind: "written" | "already" }
  /** There is no announcement yet, or another value was written, or it is not the one that the rules ask for. */
  | { readonly kind: "refused"; readonly reason: string };

/**
 * Waiting rooms. Each room is one line, and the lock of its row puts the entries of all gateways in one order. What is
 * written once never changes: number, closing, root, public value and seed. All moments are of the ledger's clock.
 */
export interface LedgerRooms {
  /** The room of a published sale. */
  find(saleId: string): Promise<Room | undefined>;
  /**
   * The rooms whose sale ends or whose admission begins after a moment, Unix milliseconds, and those that are still to be
   * drawn, unless their sale was cancelled. Those whose sale ends first come first.
   */
  list(afterMs: number): Promise<ListedRoom[]>;
  state(roomId: number): Promise<RoomState | undefined>;
  /** The steps of the admission from a number on, in their order. Those that decide about no open window may be gone. */
  steps(roomId: number, fromStep: number): Promise<NumberedStep[]>;

  /** Gives somebody the next number; whoever has one gets the same entry again. */
  enter(request: EnterRequest): Promise<EnterOutcome>;
  findEntry(roomId: number, pseudonym: Uint8Array): Promise<RoomEntry | undefined>;
  /** Entries in the order of their numbers. */
  entries(roomId: number, afterNumber: number, limit: number): Promise<RoomEntry[]>;

  /** Writes down who takes part in the draw, if the entry is over. False until then. */
  close(roomId: number): Promise<boolean>;
  /** Writes the root of the drawn entries, once. */
  announce(roomId: number, root: Uint8Array): Promise<void>;
  /** Writes the public value, once, and only if it is the one that the rules ask for. */
  publish(roomId: number, publicValue: unknown): Promise<ValueOutcome>;
  /** Writes the seed, once, and lets the admission begin, not before the sale starts. */
  draw(roomId: number, seed: Uint8Array): Promise<void>;
  /** Lets the admission of a queue begin once its sale has started. */
  beginQueue(roomId: number): Promise<boolean>;

  /** Changes the rate or the hold from now on, and logs who did. False for an unknown room. */
  changeAdmission(roomId: number, change: AdmissionChange, actor: string): Promise<boolean>;
  /**
   * Moves a rate that follows the load, within its range. False if it is not `from` any more, so that of two who control it
   * one gets through.
   */
  moveRate(roomId: number, move: RateMove): Promise<boolean>;
  /** Marks a place as used, if its window is open. */
  use(request: UseRequest): Promise<UseOutcome>;
  isUsed(key: PlaceKey): Promise<boolean>;
  /**
   * Admits further ones in place of those whose window is over and who have not used it; in a ballot, who hold no order.
   * Resolves with how many.
   */
  passOn(roomId: number): Promise<number>;
}

/** Most who enter in one transaction. */
export const maxEnterBatch = 500;
