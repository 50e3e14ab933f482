/** Why there is no answer. The request may or may not have had its effect, but for "refused": then it was never sent. */
export type PeerFailure = "unreachable" | "timeout" | "refused";

/** `answered` is called exactly once, never from within `request`. `answer` is valid only during the call. */
export type PeerAnswered = (answer: Uint8Array | undefined, failure: PeerFailure | undefined) => void;

/** A request of another node. `payload` is valid only during the call. */
export interface PeerRequest {
  /** Who asks: a place among ClusterView.names. */
  readonly from: number;
  readonly payload: Uint8Array;
  /**
   * Answers, now or later, once; of no effect after the link has gone. What was logged before it is as safe as
   * appendfsync promises before the answer leaves, as it is for a client's reply.
   */
  answer(bytes: Uint8Array): void;
}

/**
 * Messages between nodes, over the links that relayed requests take too, and in order with them: what was relayed or
 * requested first is seen first. A node that was frozen and wakes runs nothing that it had been sent before: its links
 * are closed unread, and a message of an older link is dropped once a newer one of the same sender is there.
 */
export interface PeerChannel {
  /**
   * Asks another node. `kind` is 1 to 255: which handler it is for. Without an answer for `timeoutMs` (without it:
   * cluster-node-timeout) the failure is "timeout".
   */
  request(node: number, kind: number, payload: Uint8Array, answered: PeerAnswered, timeoutMs?: number): void;
  /** What this node does with requests of a kind: called within a turn, so that what it writes and logs goes out with it. */
  onRequest(kind: number, handler: (request: PeerRequest) => void): void;
  /** Told whenever a node begins or ceases to be reachable. */
  onReachable(listener: (node: number, reachable: boolean) => void): void;
  /** Gives the log to its file and calls back when it is as safe as appendfsync promises; false when it failed. */
  afterLog(callback: (safe: boolean) => void): void;
}

/** Kinds of requests. CORE's own lie below 32; what spans nodes takes those from 32 on. */
export const peerRequestKinds = { findScript: 1, unblock: 2, firstSpanning: 32 } as const;
