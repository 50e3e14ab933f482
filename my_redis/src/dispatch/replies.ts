import { ReplyWriter } from "../protocol/reply-writer.ts";
import type { Client } from "./client.ts";
import { holdBackReply } from "./reply-mode.ts";

/**
 * - `data`: the answer to a request. It counts as long as this node serves as it did when the request came.
 * - `event`: what has happened in this turn. Who is told of it may have come long before.
 * - `nothing`: known to show no data of this node, or judged before.
 */
export type Shown = "data" | "event" | "nothing";

/** Writes to clients outside of their own requests. The network provides the one that reaches them. */
export interface ReplyOutlet {
  /**
   * Calls `write` with the writer to which the client's reply belongs. What is written counts as data, unless `shows` says
   * otherwise: on a ring with replicas, data and events wait until they may be seen, whatever else happens in this turn.
   */
  to(client: Client, write: (reply: ReplyWriter) => void, shows?: Shown): void;
  /** Hands on bytes[start, end): encoded replies of another node, which has judged that they may be seen. */
  raw(client: Client, bytes: Uint8Array, start: number, end: number): void;
}

/** Answers a request later than its own turn, respecting the client's CLIENT REPLY mode. */
export function answer(
  outlet: ReplyOutlet,
  client: Client,
  write: (reply: ReplyWriter) => void,
  shows: Shown = "data",
): void {
  const writeUnlessOff = (reply: ReplyWriter): void => {
    const start = reply.length;
    write(reply);
    holdBackReply(client, reply, start);
  };
  outlet.to(client, writeUnlessOff, shows);
}

const scratch = new ReplyWriter();

/** The outlet of a server without a network. */
export const noReplies: ReplyOutlet = {
  to(_client, write) {
    scratch.clear();
    write(scratch);
  },
  raw() {},
};
