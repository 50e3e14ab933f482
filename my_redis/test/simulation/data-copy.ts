import type { Position } from "../../src/cluster/agreement/ring-message.ts";

/** One write of a client. Its number is its value, too. */
export type Write = number;

/** A node's copy of its seat's data: the writes in their order, as the primary of `epoch` has put them. */
export interface DataCopy {
  readonly epoch: number;
  readonly writes: readonly Write[];
}

export const noData: DataCopy = { epoch: 0, writes: [] };

export const positionOf = ({ epoch, writes }: DataCopy): Position => ({ epoch, offset: writes.length });

/** What a primary and its replicas send each other. */
export type DataMessage =
  /** A replica asks for what comes after `has`, and says what it will not lose. */
  | { readonly type: "fetch"; readonly run: number; readonly has: Position; readonly kept: Position }
  | { readonly type: "writes"; readonly epoch: number; readonly from: number; readonly writes: readonly Write[] }
  | { readonly type: "snapshot"; readonly copy: DataCopy };

/** What the primary of this copy answers to a replica that has so much. */
export function answerFetch(copy: DataCopy, has: Position): DataMessage {
  if (has.epoch !== copy.epoch || has.offset > copy.writes.length) return { type: "snapshot", copy };
  return { type: "writes", epoch: copy.epoch, from: has.offset, writes: copy.writes.slice(has.offset) };
}

/** A replica's copy after what its primary of `epoch` has sent. The same copy, if it does not fit. */
export function received(copy: DataCopy, message: DataMessage, epoch: number): DataCopy {
  if (message.type === "snapshot") {
    const isWanted = message.copy.epoch === epoch && copy.epoch !== epoch;
    return isWanted ? message.copy : copy;
  }
  if (message.type !== "writes" || message.epoch !== epoch || copy.epoch !== epoch) return copy;
  const known = copy.writes.length - message.from;
  if (known < 0 || known >= message.writes.length) return copy;
  return { epoch, writes: [...copy.writes, ...message.writes.slice(known)] };
}
