import type { Services } from "../../dispatch/context.ts";
import type { Connect, TransportSocket } from "../../network/transport.ts";
import type { Turn } from "../../network/turn.ts";
import { Arguments } from "../../protocol/arguments.ts";
import type { Members } from "../members.ts";
import { nodeAddress } from "../node-address.ts";
import { requestBytes } from "../routing/transaction-request.ts";
import { askForWelcome } from "./ask-for-welcome.ts";
import type { Introductions } from "./introductions.ts";
import type { LinkClock } from "./link-clock.ts";
import type { LinkEvents, RelayReceiver } from "./link-events.ts";
import { linkCommand, type LinkGreeting, type LinkWelcome } from "./link-greeting.ts";
import { OutgoingLink, type OutgoingLinkOwner } from "./outgoing-link.ts";

export interface OutgoingLinksParts {
  readonly server: Pick<Services, "settings" | "environment">;
  readonly turn: Turn;
  readonly connect: Connect;
  readonly members: Members;
  readonly clock: LinkClock;
  readonly events: LinkEvents;
  readonly receiver: RelayReceiver;
  readonly introductions: Introductions;
}

/** The links that this node opens, one to each other node. */
export class OutgoingLinks implements OutgoingLinkOwner {
  /** By the node's number; undefined at this node's own. */
  readonly links: readonly (OutgoingLink | undefined)[];
  readonly #links: (OutgoingLink | undefined)[] = [];
  readonly #parts: OutgoingLinksParts;
  /** Nodes that have left, and since when. They are told so before their links end. */
  readonly #left = new Map<number, number>();
  #number = 0;
  /** The last reported refusal of each node, so that it is not reported at each attempt. */
  readonly #complaints = new Map<number, string>();
  #isDirty = false;

  constructor(parts: OutgoingLinksParts) {
    this.#parts = parts;
    this.links = this.#links;
    this.follow();
    parts.server.settings.onChange("cluster-link-sendbuf-limit", () => this.#setLimit());
  }

  /** The members may be others: opens links to those that are new, and lets go of those that have left. */
  follow(): void {
    const { members, clock, events, receiver } = this.#parts;
    const linkParts = { owner: this, clock, events, receiver };
    for (const [node, name] of members.names.entries()) {
      const link = this.#links[node];
      if (node === members.self) this.#links[node] = undefined;
      else if (members.nodes.includes(node)) {
        this.#left.delete(node);
        if (link === undefined || link.state === "closed") this.#links[node] = new OutgoingLink(linkParts, node, name);
      } else if (!this.#left.has(node)) this.#left.set(node, clock.monotonicMs());
    }
    this.#setLimit();
  }

  #endLeft(): void {
    const { clock } = this.#parts;
    const sinceMs = clock.monotonicMs() - 2 * clock.timing.timeoutMs;
    for (const [node, leftAtMs] of this.#left) if (leftAtMs < sinceMs) this.#links[node]?.close();
  }

  #setLimit(): void {
    const limit = this.#parts.server.settings.values["cluster-link-sendbuf-limit"];
    for (const link of this.links) link?.limitPending(limit);
  }

  /** How many links are up. */
  get openCount(): number {
    return this.links.reduce((count, link) => (link?.isOpen === true ? count + 1 : count), 0);
  }

  tick(): void {
    if (this.#left.size > 0) this.#endLeft();
    for (const link of this.links) link?.tick();
  }

  dirty(): void {
    if (this.#isDirty) return;
    this.#isDirty = true;
    // Within a turn this does nothing: the turn ends later, once for all. Outside of it, a turn begins and ends here.
    this.#parts.turn.finish();
  }

  /** Sends what the turn has brought. */
  flush(): void {
    if (!this.#isDirty) return;
    this.#isDirty = false;
    for (const link of this.links) link?.flush();
  }

  close(): void {
    for (const link of this.links) link?.close();
  }

  connect(link: OutgoingLink, attempt: number): void {
    const { turn, connect } = this.#parts;
    const handlers = {
      open: (socket: TransportSocket): OutgoingLink => {
        if (!link.opened(socket, attempt)) queueMicrotask(() => socket.terminate());
        return link;
      },
      data: (_link: OutgoingLink, chunk: Uint8Array): void => turn.run(() => link.data(chunk, attempt)),
      drain: (): void => link.drain(attempt),
      close: (): void => turn.run(() => link.closed(attempt)),
    };
    connect(nodeAddress(link.name), handlers).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      turn.run(() => link.connectFailed(attempt, reason));
    });
  }

  /** Whether the node of this name answers there, and can be a member: gives the reason why not, or undefined. `told` is called once, later. */
  meet(name: string, timeoutMs: number, told: (refusal: string | undefined) => void): void {
    const { connect, introductions, turn } = this.#parts;
    askForWelcome({ connect, name, greeting: this.#greetingTo(name), timeoutMs }, (outcome) => {
      const refusal =
        outcome.name === "refused"
          ? `node ${name} does not answer as a node of a ring (${outcome.reason}): start it first, or correct the address`
          : introductions.whyNoMember(name, outcome.welcome);
      turn.run(() => told(refusal));
    });
  }

  greeting({ name }: OutgoingLink): Uint8Array {
    return this.#greetingTo(name);
  }

  #greetingTo(name: string): Uint8Array {
    const { server, introductions } = this.#parts;
    const { masterauth, requirepass } = server.settings.values;
    const password = masterauth === "" ? requirepass : masterauth;
    const greeting: LinkGreeting = { ...introductions.own(), to: name, number: ++this.#number };
    const requests = [Arguments.from([linkCommand, JSON.stringify(greeting)])];
    if (password !== "") requests.unshift(Arguments.from(["AUTH", password]));
    return Buffer.concat(requests.map(requestBytes));
  }

  welcomed(link: OutgoingLink, welcome: LinkWelcome): string | undefined {
    if (welcome.left !== undefined) this.#parts.introductions.toldOf(welcome.left);
    const ownRefusal = this.#parts.introductions.meet(welcome);
    const refusal = welcome.refusal === "" ? ownRefusal : welcome.refusal;
    if (refusal === undefined) this.#complaints.delete(link.node);
    return refusal;
  }

  refused(link: OutgoingLink, reason: string): void {
    if (this.#complaints.get(link.node) === reason) return;
    this.#complaints.set(link.node, reason);
    this.#parts.server.environment.report("warning", `there can be no link to node ${link.name}: ${reason}`);
  }

  failed(link: OutgoingLink, reason: string, pauseMs: number): void {
    const { server, turn } = this.#parts;
    server.environment.report("debug", `the link to node ${link.name} has ended: ${reason}`);
    // Short pauses end before the next regular tick.
    setTimeout(() => turn.run(() => link.tick()), pauseMs + 1).unref();
  }
}
