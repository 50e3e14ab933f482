import type { MoveAsk, MoveChunk } from "./move-message.ts";
import type { LeaderView } from "./peer.ts";
import type { RingTable, Seat } from "./ring-table.ts";

export const isGivenUp = (seats: readonly Seat[], name: string): boolean =>
  seats.some((seat) => seat.name === name && seat.isGivenUp === true);

/**
 * The seat when its nodes are gone for good: no run of them is its primary any more, and none is in sync. So no leader grants
 * a lease for it, or appoints anybody.
 */
export const givenUp = (seat: Seat): Seat => ({
  ...seat,
  primary: { ...seat.primary, run: 0 },
  inSync: [],
  revision: seat.revision + 1,
  membership: "leaving",
  isGivenUp: true,
});

/**
 * Why a seat cannot be given up now, or undefined. After such a silence the lease of its primary has ended, as when a replica
 * is appointed. A replica that answers may have what is to be lost.
 */
export function whyNotGivenUp(
  table: RingTable,
  name: string,
  { peers, timing: { silenceMs }, nowMs }: LeaderView,
): string | undefined {
  for (const node of table.seats.find((seat) => seat.name === name)?.nodes ?? []) {
    const silentMs = nowMs - (peers.get(node)?.heardAtMs ?? nowMs);
    if (silentMs > silenceMs) continue;
    const known = `node ${node} of place ${name} has been silent for ${Math.round(silentMs)} ms as far as the leader knows`;
    return `${known}: only when all of its nodes have been silent for more than ${silenceMs} ms can it be given up`;
  }
  return undefined;
}

/**
 * What the target of a move gets in place of an answer, when the source is gone for good. A whole copy stays. Of a part of
 * one nothing stays, because a large value in it may be half there: then the slots are empty.
 */
export const nothingLeft = ({ move, attempt, number, has }: MoveAsk): MoveChunk => ({
  ...{ move, attempt, number, isStart: has?.isWhole !== true },
  cursor: { move, source: { epoch: 0, offset: 0 }, snapshot: 0, parts: 1, isWhole: true, isFinal: true },
});
