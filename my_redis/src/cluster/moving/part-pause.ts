import { hurryBytes } from "./outgoing-copy.ts";

/**
 * The pause after a part of a copy, in milliseconds: `longestMs` while nothing waits in memory for the target, and the shorter the
 * more waits, since too much would make the copy begin anew. Short parts with pauses move as much as long ones, and clients wait less
 * for them.
 */
export function pauseAfterPart(longestMs: number, waitingBytes: number): number {
  return longestMs * Math.max(0, 1 - waitingBytes / hurryBytes);
}
