import type { Command, Context } from "../../dispatch/context.ts";
import { answer } from "../../dispatch/replies.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import type { DeferredReply } from "../spanning-command.ts";

/** A request that is answered in a later turn; what its client sends meanwhile waits. */
export class DeferredRequest implements DeferredReply {
  readonly #context: Context;
  readonly #command: Command;
  #answered = false;

  constructor(context: Context, command: Command) {
    this.#context = context;
    this.#command = command;
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
    // Not before: a part that is asked for again is tracked as it was at first.
    server.observers.tracking.commandEnded(client, this.#command);
    // Each node has judged its part before.
    answer(server.replies, client, write, "nothing");
    server.observers.tracking.release(client);
    client.channel.resume();
  }
}
