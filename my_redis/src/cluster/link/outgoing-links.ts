import type { Connect, TransportSocket } from "../../network/transport.ts";
import { Arguments } from "../../protocol/arguments.ts";
import type { ClusterNode } from "../cluster-node.ts";
import { nodeAddress } from "../node-address.ts";
import { requestBytes } from "../routing/transaction-request.ts";
import { linkCommand, type LinkGreeting, type LinkWelcome } from "./link-greeting.ts";
import type { LinkTiming } from "./link-timing.ts";
import { OutgoingLink, type OutgoingLinkOwner } from "./outgoing-link.ts";

/** The links that this node opens: one to each other. */
export class OutgoingLinks implements OutgoingLinkOwner {
  /** By the node's number; undefined at this node's own. */
  readonly links: readonly (OutgoingLink | undefined)[];
  readonly #node: ClusterNode;
  readonly #connect: Connect;
  #number = 0;
  /** What was last said of each node that refuses, so that it is not said again and again. */
  readonly #complaints = new Map<number, string>();

  constructor(node: ClusterNode, connect: Connect) {
    this.#node = node;
    this.#connect = connect;
    const { names, self } = node.members;
    this.links = names.map((name, number) => (number === self ? undefined : new OutgoingLink(this, number, name)));
    const { settings } = node.server;
    settings.onChange("cluster-link-sendbuf-limit", () => this.#setLimit());
    this.#setLimit();
  }

  #setLimit(): void {
    const limit = this.#node.server.settings.values["cluster-link-sendbuf-limit"];
    for (const link of this.links) link?.limitPending(limit);
  }

  get timing(): LinkTiming {
    return this.#node.timing;
  }

  monotonicMs(): number {
    return this.#node.monotonicMs();
  }

  tick(): void {
    for (const link of this.links) link?.tick();
  }

  flush(): void {
    for (const link of this.links) link?.flush();
  }

  close(): void {
    for (const link of this.links) link?.close();
  }

  connect(link: OutgoingLink, attempt: number): void {
    const handlers = {
      open: (socket: TransportSocket): OutgoingLink => {
        if (!link.opened(socket, attempt)) queueMicrotask(() => socket.terminate());
        return link;
      },
      data: (_link: OutgoingLink, chunk: Uint8Array): void => this.#node.inTurn(() => link.data(chunk, attempt)),
      drain: (): void => link.drain(attempt),
      close: (): void => this.#node.inTurn(() => link.closed(attempt)),
    };
    this.#connect(nodeAddress(link.name), handlers).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      this.#node.inTurn(() => link.connectFailed(attempt, reason));
    });
  }

  greeting({ name }: OutgoingLink): Uint8Array {
    const { masterauth, requirepass } = this.#node.server.settings.values;
    const password = masterauth === "" ? requirepass : masterauth;
    const greeting: LinkGreeting = { ...this.#node.introduction(), to: name, number: ++this.#number };
    const requests = [Arguments.from([linkCommand, JSON.stringify(greeting)])];
    if (password !== "") requests.unshift(Arguments.from(["AUTH", password]));
    return Buffer.concat(requests.map(requestBytes));
  }

  welcomed(link: OutgoingLink, welcome: LinkWelcome): string | undefined {
    const refusal = this.#node.welcome(welcome);
    if (refusal === undefined) this.#complaints.delete(link.node);
    return refusal;
  }

  refused(link: OutgoingLink, reason: string): void {
    if (this.#complaints.get(link.node) === reason) return;
    this.#complaints.set(link.node, reason);
    this.#node.server.environment.report("warning", `there can be no link to node ${link.name}: ${reason}`);
  }

  failed(link: OutgoingLink, reason: string): void {
    this.#node.server.environment.report("debug", `the link to node ${link.name} has ended: ${reason}`);
    // Sooner than the clock is looked at in any case.
    setTimeout(() => this.#node.inTurn(() => link.tick()), link.retryMs + 1).unref();
  }

  replies(link: OutgoingLink, client: number, bytes: Uint8Array, start: number, end: number): void {
    this.#node.router.replies(link.node, client, bytes, start, end);
  }

  sessionEnded(link: OutgoingLink, client: number): void {
    this.#node.router.sessionEnded(link.node, client);
  }

  lost(link: OutgoingLink): void {
    this.#node.lost(link.node);
  }

  reachable(link: OutgoingLink, reachable: boolean): void {
    this.#node.reachable(link.node, reachable);
  }

  dirty(): void {
    this.#node.dirty();
  }
}
