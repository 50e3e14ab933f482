import type { Receipt } from "fair-draw";
import type { RoomView } from "../../../src/contract/rooms.ts";

/** When a question was sent and answered: Unix milliseconds of this machine, whose clock the ledger has too. */
export interface Moments {
  readonly askedMs: number;
  readonly answeredMs: number;
}

/** What one visitor was told, by whichever gateway it asked. */
export interface ToldVisitor {
  readonly name: string;
  readonly receipts: Receipt[];
  readonly views: (Moments & { readonly view: RoomView })[];
  token: Moments | undefined;
}

export interface ChaosRoom {
  readonly mode: "draw" | "queue";
  readonly perSecond: number;
  /** As the ledger has it in the end. */
  readonly beginsAtMs: number;
  readonly used: number;
}
