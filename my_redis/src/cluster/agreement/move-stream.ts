import type { MoveAsk, MoveChunk } from "./move-message.ts";
import type { Position } from "./position.ts";

/** What a source has for a target. */
export interface MoveSource {
  readonly position: Position;
  /** The snapshot for this move that is in memory. */
  readonly snapshot: { readonly number: number; readonly parts: number } | undefined;
  /** Writes from here on are in memory. */
  readonly writesFrom: number;
}

/** What a source sends next. Its target has everything up to `asked.has`, and asks for nothing else meanwhile. */
export type NextChunk =
  /** A new snapshot has to be taken. Its first part begins anew. */
  | { readonly type: "snapshot" }
  | { readonly type: "part"; readonly part: number; readonly isLast: boolean }
  /** The writes to the slots of the move after the first `from` writes of the source. */
  | { readonly type: "writes"; readonly from: number };

export function nextChunk({ has }: MoveAsk, { position, snapshot, writesFrom }: MoveSource): NextChunk {
  const anew: NextChunk = { type: "snapshot" };
  if (has === undefined || has.source.epoch !== position.epoch) return anew;
  if (has.isWhole) {
    const { offset } = has.source;
    return offset < writesFrom || offset > position.offset ? anew : { type: "writes", from: offset };
  }
  if (snapshot?.number !== has.snapshot) return anew;
  return { type: "part", part: has.parts, isLast: has.parts + 1 === snapshot.parts };
}

/** The questions of a target about one move. */
export interface Asking {
  readonly number: number;
  readonly attempt: number;
  readonly isAnswered: boolean;
}

/** Whether a target takes what it got: the one answer to its newest question, of the present attempt. */
export const isExpected = (asking: Asking | undefined, { number, attempt }: MoveChunk): boolean =>
  asking !== undefined && !asking.isAnswered && asking.number === number && asking.attempt === attempt;
