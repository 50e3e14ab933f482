import type { Context } from "../../dispatch/context.ts";
import { answer } from "../../dispatch/replies.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import type { DeferredReply } from "../spanning-command.ts";

/** A request that is answered in a later turn; what its client sends meanwhile waits. */
export class DeferredRequest implements DeferredReply {
  readonly #context: Context;
  #answered = false;

  constructor(context: Context) {
    this.#context = context;
    context.client.hold();
    context.server.observers.tracking.withhold(context.client);
  }

  get abandoned(): boolean {
    const { client } = this.#context;
    return client.gone || client.closing;
  }

  answer(write: (reply: ReplyWriter) => void): void {
    if (this.#answered) return;
    this.#answered = true;
    const { client, server } = this.#context;
    client.isHeld = false;
    if (client.gone) return;
    // Each node has judged its part before.
    answer(server.replies, client, write, "nothing");
    server.observers.tracking.release(client);
    client.channel.resume();
  }
}
