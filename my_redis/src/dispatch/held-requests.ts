import type { Arguments } from "../protocol/arguments.ts";
import type { ReplyWriter } from "../protocol/reply-writer.ts";
import type { Client } from "./client.ts";
import type { Context, Services } from "./context.ts";

interface HeldRequest {
  readonly context: Context;
  readonly args: Arguments;
}

/**
 * Requests that are held back before they run, by CLIENT PAUSE for example. The same client's later requests stay in
 * its connection meanwhile, so that their order is kept.
 */
export class HeldRequests {
  readonly #services: Pick<Services, "clock" | "processor" | "replies">;
  readonly #countsAsBlocked: boolean;
  readonly #held = new Map<number, HeldRequest>();

  /** `countsAsBlocked`: INFO and CLIENT LIST show the clients as blocked, because the wait may be long. */
  constructor(
    services: Pick<Services, "clock" | "processor" | "replies">,
    { countsAsBlocked = false }: { readonly countsAsBlocked?: boolean } = {},
  ) {
    this.#services = services;
    this.#countsAsBlocked = countsAsBlocked;
  }

  get count(): number {
    return this.#held.size;
  }

  /**
   * The held request of a client, by which its check recognizes the request when it runs again. The client is not
   * enough: what it has pipelined behind the request runs right after it.
   */
  requestOf(context: Context): Arguments | undefined {
    return this.#held.get(context.client.id)?.args;
  }

  has(context: Context): boolean {
    return this.#held.has(context.client.id);
  }

  /** Keeps a request, and reads no further request of its client. */
  hold(context: Context, args: Arguments): "held" {
    this.#held.set(context.client.id, { context, args: args.copy() });
    context.client.hold();
    context.client.isPostponed = this.#countsAsBlocked;
    return "held";
  }

  /** The client has disconnected, or its connection was reset. Whether a request of it was held. */
  forget({ client }: { readonly client: Client }): boolean {
    if (!this.#held.delete(client.id)) return false;
    client.isPostponed = false;
    return true;
  }

  /**
   * Runs the held request of one client, beginning with its checks, and then the requests that have arrived meanwhile.
   */
  release(context: Context): void {
    this.#finish(context, (args, reply) => this.#services.processor.process(context, args, reply));
  }

  /** Answers the held request of one client with an error instead. */
  refuse(context: Context, message: string): void {
    this.#finish(context, (args, reply) => this.#services.processor.refuse(context, args, message, reply));
  }

  #finish(context: Context, answer: (args: Arguments, reply: ReplyWriter) => void): void {
    const request = this.#held.get(context.client.id);
    if (request === undefined) return;
    this.#held.delete(context.client.id);
    const { client } = context;
    client.isHeld = false;
    client.isPostponed = false;
    if (client.gone) return;
    this.#services.clock.update();
    // A request that runs now is judged like one that has just come.
    this.#services.replies.to(client, (reply) => answer(request.args, reply), "nothing");
    // The command may have blocked the client, or may be held again.
    if (client.blocked === undefined && !client.isHeld) client.channel.resume();
  }

  /** Runs the held requests of all clients, in the order in which they arrived. */
  releaseAll(): void {
    for (const { context } of [...this.#held.values()]) this.release(context);
  }
}
