import type { Operation } from "../history/operation.ts";

/** The place of an event that never comes: the return of an operation with an unknown outcome. */
export const never = 0x7fff_ffff;

/** The operations of one partition that did or may have taken effect, and the order of their calls and returns. */
export interface Timeline {
  /** In the order of their calls. */
  readonly operations: readonly Operation[];
  /** For each operation the place of its call in the order of all calls and returns. No two places are equal. */
  readonly calledAt: Int32Array;
  /** The place of its return, or `never`. */
  readonly returnedAt: Int32Array;
  /** For each place the operation: its index times two, plus one for a return. */
  readonly events: Int32Array;
}

/**
 * Puts calls and returns in order. There are no failed operations in the history.
 * At equal times a call comes before a return: then the two operations count as
 * concurrent, so that a coarse clock never makes up a violation.
 */
export function timelineOf(history: readonly Operation[]): Timeline {
  const isSorted = isOrdered(history);
  const operations = isSorted ? history : [...history].sort((left, right) => left.calledAt - right.calledAt);
  const count = operations.length;
  const returns = new Float64Array(operations.map(({ returnedAt }) => returnedAt));
  const byReturn = Uint32Array.from({ length: count }, (_, index) => index).sort((left, right) =>
    order(returns[left] as number, returns[right] as number),
  );
  const calledAt = new Int32Array(count);
  const returnedAt = new Int32Array(count).fill(never);
  const events = new Int32Array(2 * count);
  let place = 0;
  let called = 0;
  for (const index of byReturn) {
    const time = returns[index] as number;
    for (; called < count && (operations[called] as Operation).calledAt <= time; called++) {
      calledAt[called] = place;
      events[place++] = called * 2;
    }
    if (time === Number.POSITIVE_INFINITY) break;
    returnedAt[index] = place;
    events[place++] = index * 2 + 1;
  }
  return { operations, calledAt, returnedAt, events: events.subarray(0, place) };
}

const order = (left: number, right: number): number => (left === right ? 0 : left < right ? -1 : 1);

function isOrdered(operations: readonly Operation[]): boolean {
  let last = Number.NEGATIVE_INFINITY;
  for (const { calledAt } of operations) {
    if (calledAt < last) return false;
    last = calledAt;
  }
  return true;
}
