import { ReplyWriter } from "../protocol/reply-writer.ts";
import type { Client } from "./client.ts";
import { holdBackReply } from "./reply-mode.ts";

/** Writes to clients when it is not their turn. The network gives one that reaches them. */
export interface ReplyOutlet {
  /** Calls `write` with the writer to which the client's reply belongs. */
  to(client: Client, write: (reply: ReplyWriter) => void): void;
  /** The same for bytes[start, end) that are replies already. */
  raw(client: Client, bytes: Uint8Array, start: number, end: number): void;
}

/** Answers a request out of turn, as CLIENT REPLY of its client wants it. */
export function answer(outlet: ReplyOutlet, client: Client, write: (reply: ReplyWriter) => void): void {
  outlet.to(client, (reply) => {
    const start = reply.length;
    write(reply);
    holdBackReply(client, reply, start);
  });
}

const scratch = new ReplyWriter();

/** For a server without a network. */
export const noReplies: ReplyOutlet = {
  to(_client, write) {
    scratch.clear();
    write(scratch);
  },
  raw() {},
};
