import type { SlotRange } from "hash-ring";

/** Consecutive slots, both ends included. */
export interface SlotSpan {
  readonly start: number;
  readonly end: number;
}

/** Slots that go from one seat to another, all at once. */
export interface Move {
  /** The version of the table that began it: no other move ever has it. */
  readonly id: number;
  /** The version of the table that began the present try. What was promised for an earlier one counts no more. */
  readonly attempt: number;
  /** How many tries there were before. */
  readonly retries: number;
  readonly from: string;
  readonly to: string;
  readonly spans: readonly SlotSpan[];
  /**
   * The target owns the slots already. The source stops when it learns of it, and the target carries out requests when it
   * has everything until then. Nobody can take that back.
   */
  readonly isPassing?: true;
}

/** Who owns which slots, and what is about to change. */
export interface SlotMap {
  /** In order, and every slot has an owner. */
  readonly owners: readonly SlotRange[];
  /** Who shall own them when all is done. Undefined: they stay where they are. */
  readonly goal: readonly SlotRange[] | undefined;
  /** Under way. A seat gives slots to one other seat at a time, and gets slots from one at a time. */
  readonly moves: readonly Move[];
  /** The most slots of one move. */
  readonly batch: number;
}

/** Slots that have one owner and shall have another. */
export interface Difference extends SlotSpan {
  readonly from: string;
  readonly to: string;
}

export const hasSlot = (spans: readonly SlotSpan[], slot: number): boolean =>
  spans.some(({ start, end }) => start <= slot && slot <= end);

export const ownerOf = ({ owners }: SlotMap, slot: number): string | undefined =>
  owners.find(({ start, end }) => start <= slot && slot <= end)?.owner;

export const countOf = (spans: readonly SlotSpan[]): number =>
  spans.reduce((count, { start, end }) => count + end - start + 1, 0);

/** The owners after these spans have gone to that seat. */
export function given(owners: readonly SlotRange[], spans: readonly SlotSpan[], to: string): readonly SlotRange[] {
  let pieces = owners;
  for (const span of spans) {
    const rest = pieces.flatMap(({ start, end, owner }): SlotRange[] => [
      { start, end: Math.min(end, span.start - 1), owner },
      { start: Math.max(start, span.end + 1), end, owner },
    ]);
    pieces = [...rest.filter(({ start, end }) => start <= end), { ...span, owner: to }];
  }
  return joined(pieces.toSorted((one, other) => one.start - other.start));
}

function joined(ranges: readonly SlotRange[]): SlotRange[] {
  const result: SlotRange[] = [];
  for (const range of ranges) {
    const last = result.at(-1);
    if (last?.owner === range.owner) result.push({ ...result.pop()!, end: range.end });
    else result.push(range);
  }
  return result;
}

export const withMoves = ({ owners, moves }: SlotMap): readonly SlotRange[] =>
  moves.reduce((after, { spans, to }) => given(after, spans, to), owners);

export function differences(owners: readonly SlotRange[], goal: readonly SlotRange[]): Difference[] {
  const found: Difference[] = [];
  let at = 0;
  for (const { start, end, owner: from } of owners) {
    while (at < goal.length && goal[at]!.end < start) at++;
    for (let next = at; next < goal.length && goal[next]!.start <= end; next++) {
      const { start: first, end: last, owner: to } = goal[next]!;
      if (to !== from) found.push({ from, to, start: Math.max(start, first), end: Math.min(end, last) });
    }
  }
  return found;
}

/** The slots that go next, between two seats that have their hands free for it. */
export function nextBatch(
  { owners, goal, moves, batch }: SlotMap,
  isServed: (seat: string) => boolean,
): Pick<Move, "from" | "to" | "spans"> | undefined {
  if (goal === undefined) return undefined;
  const all = differences(owners, goal);
  // What a seat is still getting, it does not give away.
  const isFree = ({ from, to }: Difference): boolean =>
    moves.every((move) => move.from !== from && move.to !== to && (move.isPassing !== true || move.to !== from));
  const first = all.find((each) => isFree(each) && isServed(each.to));
  if (first === undefined) return undefined;
  const { from, to } = first;
  const spans: SlotSpan[] = [];
  let left = batch;
  for (const each of all) {
    if (each.from !== from || each.to !== to || left === 0) continue;
    const end = Math.min(each.end, each.start + left - 1);
    spans.push({ start: each.start, end });
    left -= end - each.start + 1;
  }
  return { from, to, spans };
}

/** Every move of this seat begins anew: one of its nodes has taken over, and has not promised anything. */
export function retriedBy(map: SlotMap, seat: string, version: number): SlotMap {
  const moves = map.moves.map((move) => (move.from === seat || move.to === seat ? retried(move, version) : move));
  return { ...map, moves };
}

const retried = (move: Move, version: number): Move => ({
  ...move,
  attempt: version,
  retries: move.retries + 1,
});
