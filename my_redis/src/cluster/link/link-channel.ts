import type { ChangeLog } from "../../dispatch/change-log.ts";
import type { PeerAnswered, PeerChannel, PeerRequest } from "../peer-channel.ts";
import type { LinkClock } from "./link-clock.ts";
import type { LinkEvents } from "./link-events.ts";
import type { OutgoingLinks } from "./outgoing-links.ts";

export interface LinkChannelParts {
  readonly changes: ChangeLog;
  readonly clock: LinkClock;
  readonly events: LinkEvents;
  readonly outgoing: OutgoingLinks;
}

/** Messages between nodes over their links. */
export class LinkChannel implements PeerChannel {
  readonly #parts: LinkChannelParts;

  constructor(parts: LinkChannelParts) {
    this.#parts = parts;
  }

  request(node: number, kind: number, payload: Uint8Array, answered: PeerAnswered, timeoutMs?: number): void {
    const { outgoing, clock } = this.#parts;
    const link = outgoing.links[node];
    if (link === undefined) throw new RangeError(`there is no link to node ${node}`);
    link.ask(kind, payload, answered, timeoutMs ?? clock.timing.timeoutMs);
  }

  onRequest(kind: number, handler: (request: PeerRequest) => void): void {
    this.#parts.events.onRequest(kind, handler);
  }

  onReachable(listener: (node: number, reachable: boolean) => void): void {
    this.#parts.events.onReachable(listener);
  }

  afterLog(callback: (safe: boolean) => void): void {
    const { changes } = this.#parts;
    changes.flush();
    changes.whenSafe(callback);
  }
}
