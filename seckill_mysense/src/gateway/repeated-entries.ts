import type { Receipt } from "fair-draw";
import type { RoomPass } from "../authorization/room-passes.ts";

/** What somebody gets who has entered a room. */
export interface Entered {
  readonly pass: RoomPass;
  readonly receipt: Receipt;
}

/**
 * Remembers the entries of those who enter again. Such a request then costs no question to the ledger and no signature. An
 * entry is remembered when it comes for the second time: a crowd in which everybody enters once leaves nothing here.
 */
export class RepeatedEntries {
  readonly #capacity: number;
  /** By room and user. The one that was not used for the longest time is the first. */
  readonly #entries = new Map<string, Entered>();

  /** An entry takes less than a kilobyte. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(roomId: number, userId: string): Entered | undefined {
    const key = keyOf(roomId, userId);
    const entered = this.#entries.get(key);
    if (entered === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entered);
    return entered;
  }

  add(userId: string, entered: Entered): void {
    this.#entries.set(keyOf(entered.pass.roomId, userId), entered);
    if (this.#entries.size > this.#capacity) this.#entries.delete(this.#entries.keys().next().value!);
  }
}

const keyOf = (roomId: number, userId: string): string => `${roomId} ${userId}`;
