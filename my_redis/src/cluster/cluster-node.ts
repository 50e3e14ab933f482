import type { Context, Services } from "../dispatch/context.ts";
import type { ClusterPort } from "../dispatch/ports.ts";
import type { NetworkServer } from "../network/network-server.ts";
import type { Connect } from "../network/transport.ts";
import type { Turn } from "../network/turn.ts";
import type { Cluster } from "./cluster.ts";
import type { ClusterView } from "./cluster-view.ts";
import { Disputes } from "./disputes.ts";
import { hashSlot } from "./hash-slot.ts";
import type { IncomingLink } from "./link/incoming-link.ts";
import { IncomingLinks } from "./link/incoming-links.ts";
import { linkTiming, type LinkTiming } from "./link/link-timing.ts";
import { linkVersion, type LinkWelcome, type NodeIntroduction } from "./link/link-greeting.ts";
import type { OutgoingLink } from "./link/outgoing-link.ts";
import { OutgoingLinks } from "./link/outgoing-links.ts";
import { Members } from "./members.ts";
import type { PeerChannel, PeerRequest } from "./peer-channel.ts";
import { installClientUnblock } from "./routing/client-unblock.ts";
import { Router } from "./routing/router.ts";
import type { RouterOwner } from "./routing/router-owner.ts";
import { ScriptExchange } from "./routing/script-exchange.ts";
import { installSpanningCommands } from "./spanning/install-spanning-commands.ts";
import type { SpanningCommand } from "./spanning-command.ts";
import type { RecordBook } from "./transaction/record-book.ts";

export interface ClusterOptions {
  /** host:port of this node, and of the others. */
  readonly self: string;
  readonly peers: readonly string[];
  readonly connect: Connect;
  /** What the log has said of earlier writes across nodes. */
  readonly book: RecordBook;
}

const maxWaitingBytes = 256 * 1024 * 1024;

/** This node's part in the ring: who the others are, the links to and from them, and where requests go. */
export class ClusterNode implements Cluster, ClusterPort, RouterOwner {
  readonly server: Services;
  readonly members: Members;
  readonly disputes: Disputes;
  readonly view: ClusterView;
  readonly channel: PeerChannel;
  readonly spanning = new Map<string, SpanningCommand>();
  readonly scripts: ScriptExchange;
  readonly router: Router;
  readonly incoming: IncomingLinks;
  readonly outgoing: OutgoingLinks;
  readonly maxWaitingBytes = maxWaitingBytes;
  timing: LinkTiming;
  readonly #turn: Turn;
  readonly #book: RecordBook;
  readonly #handlers = new Map<number, (request: PeerRequest) => void>();
  readonly #reachableListeners: ((node: number, reachable: boolean) => void)[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;
  #dirty = false;
  #endSpanning: () => void = () => {};

  constructor(server: Services, network: NetworkServer, turn: Turn, { self, peers, connect, book }: ClusterOptions) {
    this.server = server;
    this.#turn = turn;
    this.#book = book;
    this.members = new Members(self, peers);
    this.disputes = new Disputes(this.members, (message) => server.environment.report("warning", message));
    this.timing = linkTiming(server.settings.values["cluster-node-timeout"]);
    this.outgoing = new OutgoingLinks(this, connect);
    this.incoming = new IncomingLinks(this, network, turn);
    this.view = this.#makeView();
    this.channel = this.#makeChannel();
    this.scripts = new ScriptExchange(server, this.channel, this.view);
    this.router = new Router(this);
  }

  get links(): readonly (OutgoingLink | undefined)[] {
    return this.outgoing.links;
  }

  /** Connections to and from other nodes. */
  get connectionCount(): number {
    return this.incoming.links.size + this.links.filter((link) => link?.isOpen === true).length;
  }

  get incomingLinks(): Iterable<IncomingLink> {
    return this.incoming.links;
  }

  get disputedSlots(): number {
    return this.disputes.count;
  }

  get relayedCount(): number {
    return this.router.relayedCount;
  }

  beginScript(): void {
    this.router.beginScript();
  }

  /** Begins to look for the others, and to route what clients ask: once the log has been loaded. */
  start(): void {
    const { server } = this;
    installClientUnblock(this);
    this.#endSpanning = installSpanningCommands(server, this.#book, this);
    this.router.install();
    this.#turn.onEnd(() => this.#flush());
    server.settings.onChange("cluster-node-timeout", () => {
      this.timing = linkTiming(server.settings.values["cluster-node-timeout"]);
      this.#schedule();
    });
    this.#schedule();
    this.outgoing.tick();
  }

  stop(): void {
    this.#endSpanning();
    clearInterval(this.#timer);
    this.outgoing.close();
    this.incoming.stopListening();
  }

  #schedule(): void {
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#tick(), this.timing.tickMs);
    this.#timer.unref();
  }

  #tick(): void {
    // Requests of clients may be answered or let go: that is a turn as any other.
    this.#turn.run(() => {
      this.outgoing.tick();
      this.incoming.tick();
      this.disputes.forgetStrangers(this.monotonicMs() - 2 * Math.max(this.timing.timeoutMs, 1000));
    });
  }

  monotonicMs(): number {
    return this.server.environment.monotonicMs();
  }

  introduction(): NodeIntroduction {
    const { names, self, virtualNodes, pointsPerVirtualNode } = this.members;
    return {
      version: linkVersion,
      name: names[self] as string,
      runId: this.server.process.runId,
      databases: this.server.settings.values.databases,
      view: { names, virtualNodes, pointsPerVirtualNode },
    };
  }

  /** Somebody has said who he is. Why there can be no link with him; undefined when there can. */
  meet(other: NodeIntroduction): string | undefined {
    const own = this.introduction();
    this.disputes.compare(other.name, other.view, this.monotonicMs());
    if (other.version !== own.version) return `its version of links is ${other.version}, ours ${own.version}`;
    if (!this.members.names.includes(other.name)) return `${other.name} is none of our peers`;
    if (!other.view.names.includes(own.name)) return `${own.name} is none of its peers`;
    if (other.databases !== own.databases) return `it has ${other.databases} databases, we have ${own.databases}`;
    return undefined;
  }

  /** As `meet`, for who answers us. */
  welcome(welcome: LinkWelcome): string | undefined {
    const refusal = this.meet(welcome);
    return welcome.refusal === "" ? refusal : welcome.refusal;
  }

  handlerOf(kind: number): ((request: PeerRequest) => void) | undefined {
    return this.#handlers.get(kind);
  }

  dirty(): void {
    if (this.#dirty) return;
    this.#dirty = true;
    // Within a turn this is one turn for all; outside it begins one.
    this.#turn.finish();
  }

  #flush(): void {
    if (!this.#dirty) return;
    this.#dirty = false;
    this.outgoing.flush();
    this.incoming.flush();
  }

  inTurn(work: () => void): void {
    this.#turn.run(work);
  }

  lost(node: number): void {
    this.scripts.forget(node);
    this.router.lost(node);
  }

  reachable(node: number, reachable: boolean): void {
    const name = this.members.names[node];
    const { report } = this.server.environment;
    if (reachable) report("notice", `node ${name} is there`);
    else report("warning", `node ${name} has not answered for ${this.timing.timeoutMs} ms: its keys are not served`);
    for (const listener of this.#reachableListeners) listener(node, reachable);
  }

  /** The session of another node's client. */
  session(node: number, client: number): Context | undefined {
    return this.incoming.session(node, client);
  }

  #makeView(): ClusterView {
    const { members, disputes } = this;
    return {
      names: members.names,
      ids: members.ids,
      self: members.self,
      ownerOfSlot: (slot) => members.owners[slot] as number,
      slotOfKey: hashSlot,
      isReachable: (node) => this.links[node]?.gone !== true,
      isDisputed: (slot) => disputes.has(slot),
    };
  }

  #makeChannel(): PeerChannel {
    return {
      request: (node, kind, payload, answered, timeoutMs = this.timing.timeoutMs) => {
        const link = this.links[node];
        if (link === undefined) throw new RangeError(`node ${node} cannot be asked by node ${this.members.self}`);
        link.ask(kind, payload, answered, timeoutMs);
      },
      onRequest: (kind, handler) => {
        this.#handlers.set(kind, handler);
      },
      onReachable: (listener) => {
        this.#reachableListeners.push(listener);
      },
      afterLog: (callback) => {
        this.server.changes.flush();
        this.server.changes.whenSafe(callback);
      },
    };
  }
}
