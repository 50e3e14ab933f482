import type { Context } from "../../dispatch/context.ts";
import type { HeldRequests } from "../../dispatch/held-requests.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import type { RelayedClient, SpecialReplies } from "./relayed-client.ts";
import type { RouterOwner } from "./router-owner.ts";
import { isNotOwner } from "./route-errors.ts";

/** Before a request is judged again while this node has not heard yet where its slot has gone. */
const pauseMs = 5;

export interface MovingRequest {
  readonly context: Context;
  readonly args: Arguments;
  /** Where it is sent. */
  readonly slot: number;
  readonly node: number;
}

interface Handling extends SpecialReplies {
  /** The slot has gone: the request will be judged anew. */
  readonly bounced?: () => void;
}

/**
 * Requests for slots that move, at another node. The node that is asked may have handed the slot over meanwhile. So the
 * request is kept until it is answered, and is judged anew when its slot has gone. Its client's later requests wait.
 */
export class MovingRequests {
  readonly #owner: RouterOwner;
  readonly #held: HeldRequests;

  constructor(owner: RouterOwner, held: HeldRequests) {
    this.#owner = owner;
    this.#held = held;
  }

  /** Keeps a request that was sent just now. */
  keep({ context, args }: MovingRequest): void {
    this.#held.hold(context, args);
  }

  /** How the replies to a request are to be handled that `keep` will be called for. */
  handling(request: MovingRequest, { count, last, bounced }: Handling): SpecialReplies {
    return {
      count,
      lost: () => this.#end(request),
      returned: () => {
        const isJudgedAgain = this.#mayBeJudgedAgain(request);
        if (isJudgedAgain) bounced?.();
        else this.#end(request);
        return isJudgedAgain;
      },
      last: (bytes, start, end) => {
        if (isNotOwner(bytes, start) && this.#mayBeJudgedAgain(request)) {
          bounced?.();
          return true;
        }
        // The reply may lead to another request, which is kept as this one.
        if (last?.(bytes, start, end) === true) return true;
        this.#end(request);
        return false;
      },
    };
  }

  #mayBeJudgedAgain({ context, node, slot }: MovingRequest): boolean {
    const relaying = context.client.relaying as RelayedClient;
    const { members, server } = this.#owner;
    if (members.owners[slot] !== node) return true;
    const nowMs = server.environment.monotonicMs();
    if (relaying.bounces.isTooLong(nowMs, server.settings.values["cluster-node-timeout"])) return false;
    relaying.judgeLater(pauseMs);
    return true;
  }

  #end({ context }: MovingRequest): void {
    const { client } = context;
    const relaying = client.relaying as RelayedClient;
    relaying.bounces.end();
    if (!this.#held.forget(context)) return;
    client.isHeld = false;
    relaying.resumeWhenIdle();
  }
}
