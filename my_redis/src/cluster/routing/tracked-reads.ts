import type { Client, Tracking } from "../../dispatch/client.ts";
import type { Context, Services } from "../../dispatch/context.ts";
import { type ClientTracking, tracksKeys } from "../../dispatch/observers/client-tracking.ts";
import { Refusal } from "../../dispatch/outcome.ts";
import type { SeatPort } from "../../dispatch/ports.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { ReplyWriter } from "../../protocol/reply-writer.ts";
import type { Cluster } from "../cluster.ts";
import type { IncomingLinks } from "../link/incoming-links.ts";
import type { Members } from "../members.ts";
import type { ByteReader } from "../message/byte-reader.ts";
import type { ByteWriter } from "../message/byte-writer.ts";
import { peerRequestKinds } from "../peer-channel.ts";
import type { DeferredReply } from "../spanning-command.ts";
import type { RelayedClients } from "./relayed-clients.ts";
import type { Router } from "./router.ts";
import { readMode, writeMode } from "./tracking-message.ts";

export interface TrackedReadsParts extends Pick<Cluster, "channel" | "spanning"> {
  readonly server: Services;
  readonly members: Members;
  readonly incoming: IncomingLinks;
  readonly relayed: RelayedClients;
  readonly router: Router;
  readonly seat: Pick<SeatPort, "status"> | undefined;
}

/** "asked": the node has not answered yet. */
type Asked = "asked" | "there";

const done = Uint8Array.of(1);

/** For a command that OPTIN or OPTOUT has selected, and that may run later than the client's next one. */
const trackingAll = (tracking: Tracking): Tracking => ({
  ...tracking,
  mode: { ...tracking.mode, optIn: false, optOut: false },
});

/**
 * CLIENT TRACKING on a ring. The owner of a key remembers which clients of which nodes have read it, by the sessions of these
 * clients. It tells a change in the stream of a session's replies, so that replies and notifications keep their order.
 * Clients in broadcast mode are known to all nodes that own keys. Whenever a node may have failed to tell something,
 * its readers are told that all keys have changed.
 */
export class TrackedReads {
  readonly #parts: TrackedReadsParts;
  readonly #tracking: ClientTracking;
  /** The clients in broadcast mode, and what the other nodes know of them. */
  readonly #broadcasting = new Map<Client, Map<number, Asked>>();
  /** CLIENT TRACKING that is not answered yet, by its client. */
  readonly #waiting = new Map<Client, () => void>();
  /** The client whose CLIENT TRACKING is running. */
  #switching: Client | undefined;
  #owners: Uint16Array;
  #hadLease = false;

  constructor(parts: TrackedReadsParts) {
    this.#parts = parts;
    this.#tracking = parts.server.observers.tracking;
    this.#owners = parts.members.owners;
  }

  install(): void {
    const { channel, incoming, spanning } = this.#parts;
    this.#tracking.onModeChanged((client) => this.#modeChanged(client));
    channel.onRequest(peerRequestKinds.track, ({ from, payload, answer }) => {
      const asked = readMode(payload);
      const { mode } = asked;
      const client = incoming.openSession(from, asked.client)?.client;
      if (client === undefined) return;
      if (mode.prefixes.length === 0) this.#tracking.end(client);
      else this.#tracking.begin(client, mode);
      answer(done);
    });
    spanning.set("client|tracking", {
      localInTransaction: true,
      run: (context, args, reply) => this.#switch(context, args.copy(), reply),
    });
  }

  // --- reading ---

  /** The tracking of a client of this node, if it is to be told when the keys of its command change. */
  own(reader: Client | undefined): Tracking | undefined {
    const tracking = reader?.tracking;
    return tracking !== undefined && tracksKeys(tracking) ? trackingAll(tracking) : undefined;
  }

  /** Says for whom another node reads a part of a command. */
  write(writer: ByteWriter, reader: Client | undefined, node: number): void {
    const tracking = this.own(reader);
    writer.byte(tracking === undefined ? 0 : tracking.mode.noLoop ? 2 : 1);
    if (tracking === undefined) return;
    writer.uint32(tracking.client.id);
    this.#isTrackedAt(tracking.client, node);
  }

  read(reader: ByteReader, from: number): Tracking | undefined {
    const kind = reader.byte();
    if (kind === 0) return undefined;
    const client = this.#parts.incoming.openSession(from, reader.uint32())?.client;
    if (client === undefined) return undefined;
    this.#tracking.setRelayed(client, { tracks: true, noLoop: kind === 2 });
    return client.tracking === undefined ? undefined : trackingAll(client.tracking);
  }

  #isTrackedAt(client: Client, node: number): void {
    const { router, server } = this.#parts;
    const context = server.clients.connected.get(client.id);
    if (context === undefined) return;
    const relaying = router.relaying(context);
    relaying.sessions.add(node);
    relaying.trackedAt.add(node);
  }

  // --- broadcast mode ---

  /** CLIENT TRACKING is answered when the other nodes know of it, so that what changes after the reply is told. */
  #switch(context: Context, args: Arguments, reply: DeferredReply): void {
    const { client, server } = context;
    const command = server.processor.resolve(args);
    const written = new ReplyWriter();
    written.protocol = client.protocol;
    this.#switching = client;
    if (command instanceof Refusal) server.processor.writeError(written, command.message);
    else server.processor.call(context, command, args, written);
    this.#switching = undefined;
    this.#tracking.withhold(client);
    this.#waiting.set(client, () => reply.answer((writer) => writer.raw(written.written)));
    this.#answerIfKnown(client);
  }

  #modeChanged(client: Client): void {
    if (client.kind !== "normal") return;
    const { members, server } = this.#parts;
    const relays = server.settings.values["cluster-routing"] === "relay";
    const before = this.#broadcasting.get(client);
    this.#broadcasting.delete(client);
    if (relays && client.tracking?.mode.broadcast === true) {
      this.#broadcasting.set(client, new Map());
      const isNew = this.#switching === client && before === undefined;
      for (const node of new Set(members.owning)) {
        this.#ask(client, node, isNew || this.#isKnown(client, before, node));
      }
    } else {
      for (const node of before?.keys() ?? []) this.#end(client, node);
      this.#answerIfKnown(client);
    }
  }

  /** Whether a node has told the client of all changes so far. */
  #isKnown({ id }: Client, nodes: ReadonlyMap<number, Asked> | undefined, node: number): boolean {
    return nodes?.get(node) === "there" && this.#parts.relayed.get(id)?.trackedAt.has(node) === true;
  }

  /** Asks a node to tell the client of all changes. Unless `missedNone`, all keys may have changed before. */
  #ask(client: Client, node: number, missedNone: boolean): void {
    const { channel, members } = this.#parts;
    const nodes = this.#broadcasting.get(client);
    if (node === members.self || nodes === undefined || client.tracking === undefined) return;
    nodes.set(node, "asked");
    this.#isTrackedAt(client, node);
    channel.request(node, peerRequestKinds.track, writeMode(client.id, client.tracking.mode), (answer) => {
      if (this.#broadcasting.get(client) !== nodes) return;
      if (answer === undefined) nodes.delete(node);
      else nodes.set(node, "there");
      if (answer !== undefined && !missedNone) this.#tracking.changedElsewhere(client, undefined);
      this.#answerIfKnown(client);
    });
  }

  #end(client: Client, node: number): void {
    this.#parts.channel.request(node, peerRequestKinds.track, writeMode(client.id, undefined), () => {});
  }

  #answerIfKnown(client: Client): void {
    if ([...(this.#broadcasting.get(client)?.values() ?? [])].includes("asked")) return;
    const answer = this.#waiting.get(client);
    this.#waiting.delete(client);
    answer?.();
  }

  // --- what goes wrong ---

  /** The owners of slots have changed. */
  ownersChanged(): void {
    const { members, relayed } = this.#parts;
    const losing = new Set<number>();
    const [before, owners] = [this.#owners, members.owners];
    for (let slot = 0; slot < owners.length; slot++) {
      if (owners[slot] !== before[slot]) losing.add(before[slot] as number);
    }
    this.#owners = owners;
    for (const node of losing) {
      if (node === members.self) this.#tracking.allInDoubt();
      else relayed.ownsLess(node);
    }
    for (const [client, nodes] of this.#broadcasting) {
      for (const node of [...nodes.keys()]) {
        if (members.owning.includes(node)) continue;
        nodes.delete(node);
        this.#end(client, node);
      }
    }
    this.tick();
  }

  /** To be called every now and then: asks the nodes that know nothing of a client, and notices the end of a lease. */
  tick(): void {
    const { members, seat } = this.#parts;
    for (const [client, nodes] of this.#broadcasting) {
      for (const node of new Set(members.owning)) {
        if (!this.#isKnown(client, nodes, node) && nodes.get(node) !== "asked") this.#ask(client, node, false);
      }
    }
    const hasLease = (seat?.status.leaseLeftMs ?? 0) > 0;
    // From now on another node may serve writes of which this one hears nothing.
    if (this.#hadLease && !hasLease) this.#tracking.allInDoubt();
    this.#hadLease = hasLease;
  }
}
