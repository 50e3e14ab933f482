import type { PeerRequest } from "../peer-channel.ts";

/** Gets what other nodes send for the clients of this one. Nodes are places among ClusterView.names. */
export interface RelayReceiver {
  /** bytes[start, end): whole replies for a client, valid only during the call. */
  replies(node: number, client: number, bytes: Uint8Array, start: number, end: number): void;
  /** The node closed its session of a client. */
  sessionEnded(node: number, client: number): void;
}

type RequestHandler = (request: PeerRequest) => void;
type NoticeHandler = (from: number, payload: Uint8Array) => void;
type ReachableListener = (node: number, reachable: boolean) => void;
type LostListener = (node: number) => void;

/** The events on the links of a node, and the parts of the node that wait for it. Built before the links. */
export class LinkEvents {
  readonly #handlers = new Map<number, RequestHandler>();
  readonly #noticeHandlers = new Map<number, NoticeHandler>();
  readonly #reachableListeners: ReachableListener[] = [];
  readonly #lostListeners: LostListener[] = [];

  /** Sets what handles the requests of a kind. */
  onRequest(kind: number, handler: RequestHandler): void {
    this.#handlers.set(kind, handler);
  }

  handlerOf(kind: number): RequestHandler | undefined {
    return this.#handlers.get(kind);
  }

  /** Sets what handles the notices of a kind. The payload is valid only during the call. */
  onNotice(kind: number, handler: NoticeHandler): void {
    this.#noticeHandlers.set(kind, handler);
  }

  notice(kind: number, from: number, payload: Uint8Array): void {
    this.#noticeHandlers.get(kind)?.(from, payload);
  }

  /** A node begins or ceases to be reachable. */
  onReachable(listener: ReachableListener): void {
    this.#reachableListeners.push(listener);
  }

  reachable(node: number, reachable: boolean): void {
    for (const listener of this.#reachableListeners) listener(node, reachable);
  }

  /** Requests that were sent to a node and not answered will never be answered. */
  onLost(listener: LostListener): void {
    this.#lostListeners.push(listener);
  }

  lost(node: number): void {
    for (const listener of this.#lostListeners) listener(node);
  }
}
