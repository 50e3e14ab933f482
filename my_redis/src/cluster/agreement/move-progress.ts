import { cursorOf } from "./moves.ts";
import type { Peer } from "./peer.ts";
import type { RingTable } from "./ring-table.ts";
import { countOf, differences, type Move } from "./slot-map.ts";

export interface MoveProgress {
  readonly move: Move;
  /** "waiting": the target has nothing yet. "handing over": the target owns the slots, and may lack the last writes. */
  readonly phase: "waiting" | "copying" | "following" | "handing over";
  /** How many parts of the snapshot the target has. */
  readonly parts: number;
}

export interface RingProgress {
  /** Slots that still have to go to another seat, those under way among them. */
  readonly slotsLeft: number;
  readonly moves: readonly MoveProgress[];
  readonly joining: readonly string[];
  readonly leaving: readonly string[];
}

/** What an operator sees of the changes of a ring, as its leader does. */
export function ringProgress(table: RingTable, peers: ReadonlyMap<string, Peer>): RingProgress {
  const { slots, seats } = table;
  const namesOf = (membership: string): string[] =>
    seats.filter((seat) => seat.membership === membership).map(({ name }) => name);
  const moves = slots?.moves.map((move) => moveProgress(table, move, peers)) ?? [];
  const slotsLeft = slots?.goal === undefined ? 0 : countOf(differences(slots.owners, slots.goal));
  return { slotsLeft, moves, joining: namesOf("joining"), leaving: namesOf("leaving") };
}

function moveProgress(table: RingTable, move: Move, peers: ReadonlyMap<string, Peer>): MoveProgress {
  const cursor = cursorOf(table, move, peers);
  const parts = cursor?.parts ?? 0;
  if (move.isPassing) return { move, phase: "handing over", parts };
  if (cursor === undefined) return { move, phase: "waiting", parts };
  return { move, phase: cursor.isWhole ? "following" : "copying", parts };
}
