import type { MovingStatus } from "../../dispatch/ports.ts";
import type { Member } from "../agreement/ring-member.ts";
import { seatOf } from "../agreement/ring-table.ts";
import { countOf, differences, type Move } from "../agreement/slot-map.ts";
import { reportedPauseMs } from "./move-target.ts";
import type { SlotMover } from "./slot-mover.ts";

/** What INFO says of moves. */
export function movingStatus(member: Member, mover: SlotMover): MovingStatus {
  const { committed, self } = member;
  const map = committed?.slots;
  const seat = committed === undefined ? undefined : seatOf(committed, self)?.name;
  const moves = map?.moves ?? [];
  return {
    slotsLeft: map?.goal === undefined ? 0 : countOf(differences(map.owners, map.goal)),
    movesUnderWay: moves.length,
    moves: moves.flatMap((move) => {
      if (move.from === seat) return [`${textOf(move)},to=${move.to},${outgoingText(member, mover, move)}`];
      if (move.to === seat) return [`${textOf(move)},from=${move.from},${incomingText(mover, move)}`];
      return [];
    }),
    removedKeys: mover.sweeper.removedKeys,
    isRemoving: mover.sweeper.isRunning,
    slowTargets: mover.source.slowTargets,
  };
}

const textOf = ({ id, retries, spans }: Move): string => `id=${id},slots=${countOf(spans)},attempt=${retries + 1}`;

function outgoingText({ serving }: Member, { source }: SlotMover, { id, isPassing }: Move): string {
  const copy = source.copyOf(id);
  const phase =
    serving === undefined
      ? "at the primary"
      : isPassing
        ? "handing over"
        : copy === undefined
          ? "waiting for the target"
          : copy.isWhole
            ? "following"
            : "copying";
  const { sentBytes = 0, sentKeys = 0, waitingBytes = 0 } = copy ?? {};
  return `phase=${phase},keys=${sentKeys},bytes=${sentBytes},waiting_bytes=${waitingBytes}`;
}

function incomingText({ target, isEmptyFor }: SlotMover, move: Move): string {
  const { bytes, has, pauseMs, untold, waiting } = target.statusOf(move.id);
  const troubled =
    untold !== undefined
      ? "waiting for the log to be written"
      : waiting !== undefined
        ? "waiting for a snapshot of this node"
        : pauseMs >= reportedPauseMs
          ? "waiting after a question without an answer"
          : undefined;
  const usual =
    has === undefined
      ? isEmptyFor(move)
        ? "waiting for the source"
        : "removing what is there"
      : move.isPassing
        ? "handing over"
        : has.isWhole
          ? "following"
          : "copying";
  const phase = troubled ?? usual;
  return `phase=${phase},parts=${has?.parts ?? 0},bytes=${bytes}`;
}
