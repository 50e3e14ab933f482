/** Why there is no answer. After "refused" the request was never sent; after the others it may have had its effect. */
export type PeerFailure = "unreachable" | "timeout" | "refused";

/** `answered` is called exactly once, never from within `request`. `answer` is valid only during the call. */
export type PeerAnswered = (answer: Uint8Array | undefined, failure: PeerFailure | undefined) => void;

/** A request of another node. `payload` is valid only during the call. */
export interface PeerRequest {
  /** The node that asks: a place among ClusterView.names. */
  readonly from: number;
  readonly payload: Uint8Array;
  /**
   * Answers once, now or later. It has no effect after the link was closed. As with a client's reply, the answer leaves
   * only when the log is as safe as appendfsync promises.
   */
  answer(bytes: Uint8Array): void;
}

/**
 * Messages between nodes, over the links of relayed requests and in order with them. A node that wakes from a freeze runs
 * nothing that was sent before: it closes its links unread. A message of an older link is dropped once the same sender has
 * opened a newer link.
 */
export interface PeerChannel {
  /**
   * Asks another node. `kind` is 1 to 255 and selects the handler. Without an answer for `timeoutMs` (without it:
   * cluster-node-timeout) the failure is "timeout".
   */
  request(node: number, kind: number, payload: Uint8Array, answered: PeerAnswered, timeoutMs?: number): void;
  /** Sets the handler for requests of a kind. It runs within a turn, so its writes and its log entries go out with the turn. */
  onRequest(kind: number, handler: (request: PeerRequest) => void): void;
  /** Calls the listener whenever a node begins or ceases to be reachable. */
  onReachable(listener: (node: number, reachable: boolean) => void): void;
  /** Gives the log to its file and calls back when it is as safe as appendfsync promises; false when it failed. */
  afterLog(callback: (safe: boolean) => void): void;
}

/** Kinds of requests. Those of spanning commands begin at 32. */
export const peerRequestKinds = { findScript: 1, unblock: 2, track: 3, announce: 4, firstSpanning: 32 } as const;
