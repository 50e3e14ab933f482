import type { Durable } from "../agreement/durable.ts";
import type { RingMessage } from "../agreement/ring-message.ts";

/**
 * A node whose disk was replaced may have voted in terms of which it knows nothing, and have stored tables that were
 * committed with its help. So it helps to begin a ring, and otherwise votes for nobody before a leader was elected
 * without it. To the agreement the message was lost.
 */
export class EmptyDisk {
  /** The node has neither voted nor heard a leader since it was started with an empty disk. */
  #isNew: boolean;

  /** `durable`: what the node has at its start. */
  constructor({ term, stored }: Durable) {
    this.#isNew = term === 0 && stored.term === 0;
  }

  /** Whether a message asks for something that the node may have given to another one already. */
  mayHaveForgotten(message: RingMessage, { stored, votedFor }: Durable): boolean {
    this.#isNew &&= stored.term === 0 && votedFor === undefined;
    const asksForVote = message.type === "canvass" || message.type === "candidacy";
    return this.#isNew && asksForVote && message.stored.term > 0;
  }
}
