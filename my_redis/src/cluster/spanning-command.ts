import type { Context } from "../dispatch/context.ts";
import type { Arguments } from "../protocol/arguments.ts";
import type { ReplyWriter } from "../protocol/reply-writer.ts";

/**
 * A client's request that is answered later. Until then its later requests wait. It must be answered exactly once; the
 * answer has no effect when the client has disconnected meanwhile.
 */
export interface DeferredReply {
  /** Writes the reply in the client's protocol, as CLIENT REPLY wants it, in the order of its requests. */
  answer(write: (reply: ReplyWriter) => void): void;
  /** Whether the client has disconnected, so that the answer is not needed any more. */
  readonly abandoned: boolean;
}

/**
 * A command that may concern several nodes. `run` gets those requests that one node alone cannot answer: those without
 * keys, and those whose keys have several owners. All else goes to the one owner as it came. Everything that the
 * client asked before has been answered. `args` are valid only during the call: `args.copy()` keeps them.
 *
 * Inside of MULTI and scripts such requests are refused with CROSSSLOT and never come here. A command without keys
 * that may stand there nonetheless, and then concerns this node alone, says so by `localInTransaction`.
 */
export interface SpanningCommand {
  run(context: Context, args: Arguments, reply: DeferredReply): void;
  readonly localInTransaction?: boolean;
  /** Also with cluster-routing redirect. */
  readonly inAnyRouting?: boolean;
}
