import type { RelayReceiver } from "../link/link-events.ts";
import type { Members } from "../members.ts";
import type { RelayedClient } from "./relayed-client.ts";
import { routeErrors } from "./route-errors.ts";

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
    if (relaying?.node === node) relaying.take(bytes, start, end);
  }

  /** The replies that were still to come cannot be known, so the client is disconnected. */
  sessionEnded(node: number, client: number): void {
    const relaying = this.#clients.get(client);
    if (relaying === undefined || !relaying.sessions.delete(node)) return;
    if (relaying.node === node && relaying.outstanding > 0) relaying.context.client.channel.kill();
  }

  /** The owners of slots have changed: what a client watches at a node that owns it no longer counts as changed. */
  breakWatches(): void {
    for (const relaying of this.#clients.values()) {
      const { watchedSlot, watchNode, context } = relaying;
      if (watchNode >= 0 && this.#members.owners[watchedSlot] !== watchNode) context.client.watchBroken = true;
    }
  }

  /** The link to a node is lost: what its clients wait for is answered with an error. */
  lost(node: number): void {
    const message = routeErrors.lost(this.#members.names[node] as string);
    for (const relaying of [...this.#clients.values()]) {
      if (relaying.sessions.has(node) || relaying.node === node) relaying.lost(node, message);
    }
  }
}
