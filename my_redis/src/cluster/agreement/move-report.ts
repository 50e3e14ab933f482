import { arrivalsOf } from "./incoming.ts";
import type { MoveReport } from "./move-message.ts";
import { readyOf } from "./outgoing.ts";
import type { Member } from "./ring-member.ts";

/** What a primary tells its leader of moves. Undefined: this node is the primary of no seat, or of one in a ring where nothing moves. */
export function moveReport({ serving, committed }: Member): MoveReport | undefined {
  if (serving === undefined || committed?.slots === undefined) return undefined;
  return { ready: readyOf(serving), arrivals: arrivalsOf(serving) };
}
