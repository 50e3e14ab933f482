import type { Arguments } from "../protocol/arguments.ts";
import type { ReplyWriter } from "../protocol/reply-writer.ts";
import type { Server } from "../server.ts";
import type { Context } from "./context.ts";
import { holdBackReply } from "./reply-mode.ts";

interface PostponedRequest {
  readonly context: Context;
  readonly args: Arguments;
}

/**
 * Requests that are held back before they run: by CLIENT PAUSE, or by the hook of an embedding program. A client's
 * later requests stay in his connection meanwhile, so that his order is kept.
 */
export class PostponedRequests {
  readonly #server: Server;
  readonly #held = new Map<number, PostponedRequest>();

  constructor(server: Server) {
    this.#server = server;
  }

  get count(): number {
    return this.#held.size;
  }

  has(context: Context): boolean {
    return this.#held.has(context.client.id);
  }

  /** Keeps a request, and reads no more of its client. */
  hold(context: Context, args: Arguments): void {
    this.#held.set(context.client.id, { context, args: args.copy() });
    context.client.postponed = true;
    context.client.channel.pause();
  }

  /** A client went away, or his connection was reset. */
  forget(context: Context): void {
    this.#held.delete(context.client.id);
  }

  /** Runs what is held of one client, and goes on with what he sent meanwhile. */
  release(context: Context): void {
    this.#finish(context, (args, reply) => this.#server.processor.process(context, args, reply));
  }

  /** Answers what is held of one client with an error instead. */
  refuse(context: Context, message: string): void {
    this.#finish(context, (_args, reply) => {
      const start = reply.length;
      this.#server.processor.writeError(reply, message);
      holdBackReply(context.client, reply, start);
    });
  }

  #finish(context: Context, answer: (args: Arguments, reply: ReplyWriter) => void): void {
    const request = this.#held.get(context.client.id);
    if (request === undefined) return;
    this.#held.delete(context.client.id);
    const { client } = context;
    client.postponed = false;
    if (client.gone) return;
    this.#server.updateClock();
    this.#server.outOfTurn.to(client, (reply) => answer(request.args, reply));
    // The command may wait for something else by now.
    if (client.blocked === undefined && !client.postponed) client.channel.resume();
  }

  /** Runs what is held of all clients, in the order in which it came. */
  releaseAll(): void {
    for (const { context } of [...this.#held.values()]) this.release(context);
  }
}
