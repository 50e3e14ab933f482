import type { RoomPass } from "../authorization/room-passes.ts";
import type { RoomView } from "../contract/rooms.ts";
import type { FollowedRoom } from "./followed-room.ts";
import { roomsReadEveryMs } from "./room-follower.ts";

type Told = Pick<RoomView, "state" | "askAgainSeconds"> & Partial<RoomView>;

/** A tenth of the wait: so that a change of the rate is known in time, and a long line asks seldom. */
const [leastPauseSeconds, mostPauseSeconds] = [2, 30];

/** A room as one visitor sees it; without a pass, as anybody does. Only what is in memory is needed. */
export function describeRoom(followed: FollowedRoom, pass: RoomPass | undefined): RoomView {
  const { room, state, admitted } = followed;
  return {
    ...{ saleID: room.saleId, mode: room.mode, serverTimeMs: followed.nowMs(), opensAtMs: room.opensAtMs },
    ...(room.winners !== undefined && { winners: room.winners }),
    ...(room.closesAtMs !== undefined && { closesAtMs: room.closesAtMs }),
    ...(state?.beginsAtMs !== undefined && { beginsAtMs: state.beginsAtMs }),
    // The pass may be newer than what was read of the room.
    ...{ onHold: state?.isOnHold ?? false, entries: Math.max(state?.line.entries ?? 0, pass?.number ?? 0), admitted },
    ...(pass === undefined ? describeOpening(followed) : describePlace(followed, pass)),
  };
}

function describeOpening(followed: FollowedRoom): Told {
  const { mode, opensAtMs, closesAtMs = Infinity } = followed.room;
  const untilOpenMs = opensAtMs - followed.nowMs();
  if (mode === "ballot" && followed.nowMs() >= closesAtMs) {
    return { state: "closed", askAgainSeconds: mostPauseSeconds };
  }
  return { state: untilOpenMs > 0 ? "before" : "open", askAgainSeconds: pauseFor(untilOpenMs) };
}

function describePlace(followed: FollowedRoom, { number, isUsed }: RoomPass): Told {
  const { room, state } = followed;
  const place = followed.placeOf(number);
  if (place === undefined) {
    const nextMs = room.closesAtMs === undefined ? mostPauseSeconds * 1_000 : room.closesAtMs - followed.nowMs();
    const isDrawing = room.mode !== "queue" && nextMs <= 0;
    const pauseSeconds = isDrawing ? leastPauseSeconds : clampPause(nextMs / 1_000);
    return {
      state: isDrawing || state?.drawn !== undefined ? "drawing" : "entered",
      number,
      askAgainSeconds: pauseSeconds,
    };
  }
  const standing = followed.stateOf(place);
  const known = { number, place };
  const { winners } = room;
  // Whether a winner has got a token decides nothing: the window does, and an order.
  if (isUsed && winners === undefined) return { ...known, state: "used", askAgainSeconds: mostPauseSeconds };
  switch (standing.kind) {
    case "waiting":
      if (winners !== undefined && place > winners)
        return { ...known, state: "listed", askAgainSeconds: mostPauseSeconds };
      if (winners !== undefined) return { ...known, state: "won", ...describeWin(followed, standing.waitMs) };
      return { ...known, state: "waiting", ...describeWait(followed, standing.waitMs) };
    case "admitted":
      return { ...known, state: "admitted", untilMs: standing.untilMs, askAgainSeconds: mostPauseSeconds };
    case "expired":
      return { ...known, state: "expired", askAgainSeconds: mostPauseSeconds };
  }
}

/** The winners' window, once it is known when it begins. */
function describeWin(followed: FollowedRoom, waitMs: number | undefined): Pick<Told, "askAgainSeconds"> {
  const { state, room } = followed;
  const window = waitMs !== undefined && state?.beginsAtMs !== undefined;
  return { ...describeWait(followed, waitMs), ...(window && { untilMs: state.beginsAtMs + room.useWithinMs }) };
}

/** Without a wait the room is on hold. */
function describeWait({ errorMs }: FollowedRoom, waitMs: number | undefined): Pick<Told, "askAgainSeconds"> {
  if (waitMs === undefined) return { askAgainSeconds: pauseFor(Infinity) };
  const told = { waitSeconds: waitMs / 1_000, waitErrorSeconds: Math.ceil(errorMs + roomsReadEveryMs) / 1_000 };
  return { ...told, askAgainSeconds: pauseFor(waitMs) };
}

function pauseFor(ms: number): number {
  return clampPause(ms / 10_000);
}

function clampPause(seconds: number): number {
  return Math.round(Math.min(mostPauseSeconds, Math.max(leastPauseSeconds, seconds)) * 10) / 10;
}
