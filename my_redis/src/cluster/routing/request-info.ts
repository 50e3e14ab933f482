import type { Client } from "../../dispatch/client.ts";
import { tracksKeys } from "../../dispatch/observers/client-tracking.ts";
import { noLoopBit, noTouchBit, tracksBit } from "../link/frame.ts";

/** What the other node must know of the client of a request. */
export function infoOf({ noTouch, protocol, tracking }: Client): number {
  const info = noTouch ? protocol | noTouchBit : protocol;
  if (tracking === undefined) return info;
  return info | (tracksKeys(tracking) ? tracksBit : 0) | (tracking.mode.noLoop ? noLoopBit : 0);
}
