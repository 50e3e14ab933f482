import type { Services } from "../dispatch/context.ts";
import type { ClusterPort } from "../dispatch/ports.ts";
import type { NetworkServer } from "../network/network-server.ts";
import type { Connect } from "../network/transport.ts";
import type { Turn } from "../network/turn.ts";
import { AnnouncedEndpoints } from "./announced-endpoints.ts";
import type { Cluster } from "./cluster.ts";
import type { ClusterView } from "./cluster-view.ts";
import { Disputes } from "./disputes.ts";
import { hashSlot } from "./hash-slot.ts";
import type { IncomingLink } from "./link/incoming-link.ts";
import { IncomingLinks } from "./link/incoming-links.ts";
import { Introductions } from "./link/introductions.ts";
import { LinkChannel } from "./link/link-channel.ts";
import { LinkClock } from "./link/link-clock.ts";
import { LinkEvents } from "./link/link-events.ts";
import type { OutgoingLink } from "./link/outgoing-link.ts";
import { OutgoingLinks } from "./link/outgoing-links.ts";
import { ownersSum, sumOf } from "./owners-sum.ts";
import { Members } from "./members.ts";
import type { PeerChannel } from "./peer-channel.ts";
import { installAnnouncements } from "./link/announcements.ts";
import { installClientUnblock } from "./routing/client-unblock.ts";
import { RelayedClients } from "./routing/relayed-clients.ts";
import { Router } from "./routing/router.ts";
import { TrackedReads } from "./routing/tracked-reads.ts";
import type { RouterOwner } from "./routing/router-owner.ts";
import { ScriptExchange } from "./routing/script-exchange.ts";
import { type InstalledSpanning, installSpanningCommands } from "./spanning/install-spanning-commands.ts";
import type { SpanningCommand } from "./spanning-command.ts";
import type { MoveCursors } from "./moving/move-cursors.ts";
import type { OpenWrites } from "./seat-transaction/open-writes.ts";
import type { RecordBook } from "./transaction/record-book.ts";
import type { DataEpoch } from "./failover/data-epoch.ts";
import { RingMembership } from "./failover/ring-membership.ts";
import { ringCommands } from "./failover/ring-commands.ts";
import { SeatNode } from "./failover/seat-node.ts";
import { agreesOnMembers, ringGreeting } from "./failover/seat-plan.ts";
import { refuseAgreed, refuseOpenWrites } from "./failover/state-at-start.ts";

export interface ClusterOptions {
  /** host:port of this node, and of the others. */
  readonly self: string;
  readonly peers: readonly string[];
  readonly connect: Connect;
  /** The earlier writes across nodes, as the log knows them. */
  readonly book: RecordBook;
  /** The epoch of the data, as the log knows it. */
  readonly data: DataEpoch;
  /** How much the data has of moves that come to this node. */
  readonly cursors: MoveCursors;
  /** The open writes across places that agree, as a part of the data. */
  readonly writes: OpenWrites;
}

const maxWaitingBytes = 256 * 1024 * 1024;

/** This node's part in the ring. Builds what knows the members, the links and the routes, and keeps their time. */
export class ClusterNode implements Cluster, ClusterPort, RouterOwner {
  readonly server: Services;
  readonly members: Members;
  readonly endpoints: AnnouncedEndpoints;
  readonly disputes: Disputes;
  readonly view: ClusterView;
  readonly channel: PeerChannel;
  readonly spanning = new Map<string, SpanningCommand>();
  readonly scripts: ScriptExchange;
  readonly relayed: RelayedClients;
  readonly reads: TrackedReads;
  readonly router: Router;
  readonly incoming: IncomingLinks;
  readonly outgoing: OutgoingLinks;
  /** The links to the other nodes, by number; undefined at this node's own. */
  readonly links: readonly (OutgoingLink | undefined)[];
  readonly maxWaitingBytes = maxWaitingBytes;
  readonly seat: SeatNode | undefined;
  /** Undefined on a ring whose members are fixed. */
  readonly ring: RingMembership | undefined;
  readonly #turn: Turn;
  readonly #book: RecordBook;
  readonly #clock: LinkClock;
  #timer: ReturnType<typeof setInterval> | undefined;
  readonly #writes: OpenWrites;
  #spanning: InstalledSpanning | undefined;

  constructor(server: Services, network: NetworkServer, turn: Turn, options: ClusterOptions) {
    const { self, peers, connect, book, data, cursors, writes } = options;
    const { values } = server.settings;
    this.server = server;
    this.#turn = turn;
    this.#book = book;
    this.#writes = writes;
    const members = new Members(self, peers, values["cluster-replicas"]);
    const disputes = new Disputes(members, (message) => server.environment.report("warning", message));
    const clock = new LinkClock(server, () => this.#schedule());
    const events = new LinkEvents();
    const endpoints = new AnnouncedEndpoints(members, server.settings.values);
    const ring = agreesOnMembers(values)
      ? new RingMembership({
          ...{ members, greeting: ringGreeting(values) },
          report: (message) => server.environment.report("notice", message),
        })
      : undefined;
    this.ring = ring;
    const introductions = new Introductions(server, { members, disputes, clock, endpoints, ring });
    const relayed = new RelayedClients(members, ring !== undefined);
    const linkParts = { server, turn, members, clock, events, introductions };
    this.outgoing = new OutgoingLinks({ ...linkParts, connect, receiver: relayed });
    this.links = this.outgoing.links;
    this.incoming = new IncomingLinks({ ...linkParts, network, outgoing: this.links });
    this.members = members;
    this.endpoints = endpoints;
    this.disputes = disputes;
    this.relayed = relayed;
    this.#clock = clock;
    this.channel = new LinkChannel({ changes: server.changes, clock, events, outgoing: this.outgoing });
    if (ring !== undefined) {
      const rolesChanged = (): void => {
        relayed.breakWatches();
        this.reads.ownersChanged();
      };
      const { channel, outgoing } = this;
      const roleTaken = (): void => this.#spanning?.roleChanged();
      this.seat = new SeatNode({
        ...{ server, turn, members, endpoints, events, data, cursors, writes, rolesChanged, roleTaken },
        ...{ ring, channel, outgoing },
      });
    }
    this.view = clusterView(members, disputes, this.links, this.seat);
    this.scripts = new ScriptExchange(server, this.channel, this.view);
    this.router = new Router(this);
    this.reads = new TrackedReads(this);
    events.onReachable((node, reachable) => this.#report(node, reachable));
    events.onLost((node) => {
      this.scripts.forget(node);
      relayed.lost(node);
    });
  }

  /** Connections to and from other nodes. */
  get connectionCount(): number {
    return this.incoming.links.size + this.outgoing.openCount;
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

  /** Begins to connect to the other nodes, and to route what clients ask: once the log has been loaded. */
  start(): void {
    const { server } = this;
    if (this.seat === undefined) refuseAgreed(server.settings.values);
    else refuseOpenWrites(this.#book, this.seat.epoch);
    this.seat?.start();
    installClientUnblock(this);
    this.reads.install();
    installAnnouncements(this);
    const parts = { server, turn: this.#turn, book: this.#book, writes: this.#writes, reads: this.reads };
    this.#spanning = installSpanningCommands(parts, this);
    if (this.seat !== undefined) {
      for (const [name, each] of ringCommands(this.seat, this.members)) this.spanning.set(name, each);
    }
    this.router.install();
    this.#turn.onEnd(() => this.outgoing.flush());
    this.#turn.onEnd(() => this.incoming.flush());
    this.#schedule();
    this.outgoing.tick();
  }

  stop(): void {
    this.#spanning?.stop();
    this.seat?.stop();
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
    this.#turn.run(() => {
      this.outgoing.tick();
      this.incoming.tick();
      this.reads.tick();
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

function clusterView(
  members: Members,
  disputes: Disputes,
  links: readonly (OutgoingLink | undefined)[],
  seat: SeatNode | undefined,
): ClusterView {
  return {
    seat,
    get owning() {
      return members.owning;
    },
    get nodes() {
      return members.nodes;
    },
    names: members.names,
    self: members.self,
    get isInRing() {
      return members.seats.length > 0;
    },
    get ownersSum() {
      return ownersSum(members);
    },
    get placesSum() {
      return sumOf(members.owningSeats.join(" "));
    },
    primaryOf: (node) => members.primaryOf[node] as number,
    ownerOfSlot: (slot) => members.owners[slot] as number,
    slotOfKey: hashSlot,
    isReachable: (node) => links[node]?.gone !== true,
    isDisputed: (slot) => disputes.has(slot),
  };
}
