import { replyEnd } from "../../protocol/reply-end.ts";
import type { RelayReceiver } from "../link/link-events.ts";
import type { Members } from "../members.ts";
import type { RelayedClient } from "./relayed-client.ts";
import { routeErrors } from "./route-errors.ts";
import { elementsOf, textOf } from "../spanning/reply-parts.ts";

const pushSign = ">".charCodeAt(0);
const arraySign = "*".charCodeAt(0);

/** The keys in a notification, one character per byte; undefined for all keys. */
function keysOf(notification: Uint8Array): string[] | undefined {
  const [, keys] = elementsOf(notification) as [Uint8Array, Uint8Array];
  return keys[0] === arraySign ? elementsOf(keys).map(textOf) : undefined;
}

/** The clients of this node for which other nodes have worked. Gets what those nodes answer. */
export class RelayedClients implements RelayReceiver {
  readonly #clients = new Map<number, RelayedClient>();
  readonly #members: Members;

  constructor(members: Members) {
    this.#members = members;
  }

  add(relaying: RelayedClient): void {
    this.#clients.set(relaying.context.client.id, relaying);
  }

  remove(relaying: RelayedClient): void {
    this.#clients.delete(relaying.context.client.id);
  }

  /** The work of other nodes for a client; undefined when they have never done any. */
  get(client: number): RelayedClient | undefined {
    return this.#clients.get(client);
  }

  replies(node: number, client: number, bytes: Uint8Array, start: number, end: number): void {
    const relaying = this.#clients.get(client);
    // The client may have disconnected.
    if (relaying === undefined) return;
    if (relaying.trackedAt.has(node)) this.#repliesAndChanges(relaying, node, bytes, start, end);
    else if (relaying.node === node) relaying.take(bytes, start, end);
  }

  /** Among the replies of a node may be what it tells of changed keys. */
  #repliesAndChanges(relaying: RelayedClient, node: number, bytes: Uint8Array, start: number, end: number): void {
    const { client, server } = relaying.context;
    for (let at = start; at < end;) {
      const next = replyEnd(bytes, at, end);
      if (next < 0) throw new RangeError("a reply is cut off");
      if (bytes[at] === pushSign) {
        server.observers.tracking.changedElsewhere(client, keysOf(bytes.subarray(at, next)));
      } else if (relaying.node === node) relaying.take(bytes, at, next);
      at = next;
    }
  }

  /** The replies that were still to come cannot be known, so the client is disconnected. */
  sessionEnded(node: number, client: number): void {
    const relaying = this.#clients.get(client);
    if (relaying === undefined || !relaying.sessions.delete(node)) return;
    relaying.trackingLost(node);
    if (relaying.node === node && relaying.outstanding > 0) relaying.context.client.channel.kill();
  }

  /** The owners of slots have changed: what a client watches at a node that owns it no longer counts as changed. */
  breakWatches(): void {
    for (const relaying of this.#clients.values()) {
      const { watchedSlot, watchNode, context } = relaying;
      if (watchNode >= 0 && this.#members.owners[watchedSlot] !== watchNode) context.client.watchBroken = true;
    }
  }

  /** A node owns less than before: what clients have read there may change without its knowledge. */
  ownsLess(node: number): void {
    for (const relaying of this.#clients.values()) if (relaying.trackedAt.has(node)) relaying.keysInDoubt();
  }

  /** The link to a node is lost: what its clients wait for is answered with an error. */
  lost(node: number): void {
    const message = routeErrors.lost(this.#members.names[node] as string);
    for (const relaying of [...this.#clients.values()]) {
      if (relaying.sessions.has(node) || relaying.node === node) relaying.lost(node, message);
    }
  }
}
