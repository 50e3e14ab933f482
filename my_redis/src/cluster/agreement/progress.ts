/** How far a replica, or the target of a move, has come. */
export interface Progress {
  readonly run: number;
  readonly offset: number;
  /** The newest moment of which it has everything. */
  readonly caughtUpAtMs: number;
  /** When it has this offset, it has caught up with that moment. */
  readonly goal: { readonly offset: number; readonly atMs: number };
}

interface Report {
  readonly run: number;
  /** How much it has, and how much there is. */
  readonly offset: number;
  readonly whole: number;
  readonly nowMs: number;
}

/** `before` is the progress of the same run, and not further. */
export function advanced(before: Progress | undefined, { run, offset, whole, nowMs }: Report): Progress {
  const goal = { offset: whole, atMs: nowMs };
  if (offset >= whole) return { run, offset, caughtUpAtMs: nowMs, goal };
  if (before === undefined) return { run, offset, caughtUpAtMs: Number.NEGATIVE_INFINITY, goal };
  if (offset >= before.goal.offset) return { run, offset, caughtUpAtMs: before.goal.atMs, goal };
  return { ...before, offset };
}
