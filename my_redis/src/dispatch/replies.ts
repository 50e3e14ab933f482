import { ReplyWriter } from "../protocol/reply-writer.ts";
import type { Client } from "./client.ts";
import { holdBackReply } from "./reply-mode.ts";

/** Writes to clients outside of their own requests. The network provides the one that reaches them. */
export interface ReplyOutlet {
  /** Calls `write` with the writer to which the client's reply belongs. */
  to(client: Client, write: (reply: ReplyWriter) => void): void;
  /** The same for bytes[start, end) that are encoded replies already. */
  raw(client: Client, bytes: Uint8Array, start: number, end: number): void;
}

/** Answers a request later than its own turn, respecting the client's CLIENT REPLY mode. */
export function answer(outlet: ReplyOutlet, client: Client, write: (reply: ReplyWriter) => void): void {
  outlet.to(client, (reply) => {
    const start = reply.length;
    write(reply);
    holdBackReply(client, reply, start);
  });
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
