import type { NetworkServer } from "../network/network-server.ts";
import type { Connect } from "../network/transport.ts";
import type { ScriptEngine } from "../scripting/script-engine.ts";
import type { Server } from "../server.ts";
import type { Cluster } from "./cluster.ts";
import type { ClusterView } from "./cluster-view.ts";
import { Disputes } from "./disputes.ts";
import { hashSlot } from "./hash-slot.ts";
import { IncomingLinks } from "./link/incoming-links.ts";
import { Introductions } from "./link/introductions.ts";
import { LinkChannel } from "./link/link-channel.ts";
import { LinkClock } from "./link/link-clock.ts";
import { LinkEvents } from "./link/link-events.ts";
import type { OutgoingLink } from "./link/outgoing-link.ts";
import { OutgoingLinks } from "./link/outgoing-links.ts";
import { Members } from "./members.ts";
import type { PeerChannel } from "./peer-channel.ts";
import { RelayedClients } from "./routing/relayed-clients.ts";
import { Router, type RouterOwner } from "./routing/router.ts";
import { ScriptExchange } from "./routing/script-exchange.ts";
import type { SpanningCommand } from "./spanning-command.ts";

export interface ClusterOptions {
  /** host:port of this node, and of the others. */
  readonly self: string;
  readonly peers: readonly string[];
  readonly connect: Connect;
  /** Gives the engine that runs the scripts of this server. */
  readonly scriptEngine: () => ScriptEngine;
}

const maxWaitingBytes = 256 * 1024 * 1024;

/** This node's part in the ring. Builds what knows the members, the links and the routes, and keeps their time. */
export class ClusterNode implements Cluster, RouterOwner {
  readonly server: Server;
  readonly members: Members;
  readonly disputes: Disputes;
  readonly view: ClusterView;
  readonly channel: PeerChannel;
  readonly spanning = new Map<string, SpanningCommand>();
  readonly scripts: ScriptExchange;
  readonly clients: RelayedClients;
  readonly router: Router;
  readonly incoming: IncomingLinks;
  readonly outgoing: OutgoingLinks;
  /** The links to the other nodes, by number; undefined at this node's own. */
  readonly links: readonly (OutgoingLink | undefined)[];
  readonly maxWaitingBytes = maxWaitingBytes;
  readonly #network: NetworkServer;
  readonly #clock: LinkClock;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(server: Server, network: NetworkServer, { self, peers, connect, scriptEngine }: ClusterOptions) {
    this.server = server;
    this.#network = network;
    const members = new Members(self, peers);
    const disputes = new Disputes(members, (message) => server.environment.report("warning", message));
    const clock = new LinkClock(server, () => this.#schedule());
    const events = new LinkEvents();
    const introductions = new Introductions(server, { members, disputes, clock });
    const clients = new RelayedClients(members);
    const linkParts = { server, network, members, clock, events, introductions };
    this.outgoing = new OutgoingLinks({ ...linkParts, connect, receiver: clients });
    this.links = this.outgoing.links;
    this.incoming = new IncomingLinks({ ...linkParts, outgoing: this.links });
    this.members = members;
    this.disputes = disputes;
    this.clients = clients;
    this.#clock = clock;
    this.view = clusterView(members, disputes, this.links);
    this.channel = new LinkChannel({ server, network, clock, events, outgoing: this.outgoing });
    this.scripts = new ScriptExchange(scriptEngine, this.channel, this.view);
    this.router = new Router(this);
    events.onReachable((node, reachable) => this.#report(node, reachable));
    events.onLost((node) => {
      this.scripts.forget(node);
      clients.lost(node);
    });
  }

  /** Connections to and from other nodes. */
  get connectionCount(): number {
    return this.incoming.links.size + this.outgoing.upCount;
  }

  /** Begins to connect to the other nodes, and to route what clients ask. */
  start(): void {
    const { server } = this;
    server.cluster = this;
    server.router = this.router;
    server.policies.push(this.router.checkScript);
    this.#network.onTurnEnd = () => {
      this.outgoing.flush();
      this.incoming.flush();
    };
    this.#schedule();
    this.outgoing.tick();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.outgoing.close();
    this.incoming.stopListening();
  }

  #schedule(): void {
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#tick(), this.#clock.timing.tickMs);
    this.#timer.unref();
  }

  #tick(): void {
    // Requests of clients may be answered or released, so this is a turn like any other.
    this.#network.inTurn(() => {
      this.outgoing.tick();
      this.incoming.tick();
      const { monotonicMs, timing } = this.#clock;
      this.disputes.forgetStrangers(monotonicMs() - 2 * Math.max(timing.timeoutMs, 1000));
    });
  }

  #report(node: number, reachable: boolean): void {
    const name = this.members.names[node];
    const { timeoutMs } = this.#clock.timing;
    const { report } = this.server.environment;
    if (reachable) report("notice", `node ${name} is there`);
    else report("warning", `node ${name} has not answered for ${timeoutMs} ms: its keys are not served`);
  }
}

function clusterView(members: Members, disputes: Disputes, links: readonly (OutgoingLink | undefined)[]): ClusterView {
  return {
    names: members.names,
    ids: members.ids,
    self: members.self,
    ownerOfSlot: (slot) => members.owners[slot] as number,
    slotOfKey: hashSlot,
    isReachable: (node) => links[node]?.gone !== true,
    isDisputed: (slot) => disputes.has(slot),
  };
}
