import type { Client } from "../../dispatch/client.ts";
import type { Command } from "../../dispatch/command.ts";
import { keyPositions } from "../../dispatch/command-keys.ts";
import type { Context, Services } from "../../dispatch/context.ts";
import { HeldRequests } from "../../dispatch/held-requests.ts";
import { type Outcome, Refusal, type Verdict } from "../../dispatch/outcome.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { hashSlot } from "../hash-slot.ts";
import { tracksBit } from "../link/frame.ts";
import type { OutgoingLink } from "../link/outgoing-link.ts";
import type { SpanningCommand } from "../spanning-command.ts";
import { DeferredRequest } from "./deferred-request.ts";
import { MovingRequests } from "./moving-requests.ts";
import { RelayedClient, type SpecialReplies } from "./relayed-client.ts";
import { RelayedRequests } from "./relayed-requests.ts";
import { infoOf } from "./request-info.ts";
import { concernsData, isOfConnection, mayWaitForKeys, verdictInOne, wantsMessages } from "./request-kinds.ts";
import { noSlot, requestSlot, severalSlots } from "./request-slot.ts";
import { routeErrors } from "./route-errors.ts";
import type { RouterOwner } from "./router-owner.ts";
import { TransactionRouter } from "./transaction-router.ts";
import { requestBytes, unwatchRequest } from "./transaction-request.ts";

const crossSlot = new Refusal(routeErrors.crossSlot);
const scriptSlots = new Refusal(routeErrors.scriptSlots);

/** Runs a request here, once everything before it has been answered. */
const here = ({ client }: Context, args: Arguments): "run" | "held" =>
  client.relaying?.holdUntilAnswered(args) ?? "run";

/** Sends each request to the node that owns its keys, in the order of its client. */
export class Router {
  /** Requests that were given to other nodes; a transaction counts as one. */
  relayedCount = 0;
  readonly #owner: RouterOwner;
  readonly #server: Services;
  readonly #members: RouterOwner["members"];
  readonly #seat: RouterOwner["seat"];
  readonly #self: number;
  readonly #held: HeldRequests;
  readonly #moving: MovingRequests;
  readonly #transactions: TransactionRouter;
  readonly #relayedRequests: RelayedRequests;
  /** The slot of the keys that the running script has used: it may go on with them until its end. */
  #scriptSlot = noSlot;
  /** A request that runs again after its script was looked for. */
  #lookedFor: Arguments | undefined;

  constructor(owner: RouterOwner) {
    this.#owner = owner;
    this.#server = owner.server;
    this.#members = owner.members;
    this.#seat = owner.seat;
    this.#self = owner.members.self;
    this.#held = new HeldRequests(owner.server);
    this.#moving = new MovingRequests(owner, this.#held);
    this.#transactions = new TransactionRouter(owner, this.#moving, (context, to, bytes, special) =>
      this.#send(context, to, bytes, special),
    );
    this.#relayedRequests = new RelayedRequests(owner, this.#transactions, (...asked) => this.#showsData(...asked));
  }

  /** Sends requests where they belong from now on, and confines scripts to the keys of one slot. */
  install(): void {
    const { checks } = this.#server;
    checks.ignoreDataRefusals((context, command, args) => this.#isElsewhere(context, command, args));
    checks.install({ name: "script slots", within: (...request) => this.#checkScript(...request) }, "routing");
    checks.install({ name: "owner of the keys", arriving: (...request) => this.#route(...request) }, "routing");
  }

  #route(context: Context, command: Command, args: Arguments): Outcome {
    const { client } = context;
    if (this.#seat !== undefined) client.seatEpoch = this.#seat.servedEpoch;
    if (client.kind !== "normal")
      return client.kind === "relayed" ? this.#relayedRequests.route(context, command, args) : "run";
    const slot = requestSlot(command, args);
    if (slot === noSlot) return this.#routeWithoutKeys(context, command, args);
    if (slot === severalSlots) return this.#routeSeveral(context, command, args);
    return this.#routeTo(context, command, args, slot);
  }

  /** Whether a request concerns no data of this node. What has to wait for this node's right to serve is judged later. */
  #isElsewhere({ client }: Context, command: Command, args: Arguments): boolean {
    if (client.kind !== "normal" && this.#seat === undefined) return false;
    const runsQueue = command.insideMulti === "run the queue";
    const slot = runsQueue ? this.#transactions.slotOf(client) : requestSlot(command, args);
    if (slot < 0) return this.#seat !== undefined && this.#spansFromReplica(command, slot);
    return this.#members.owners[slot] !== this.#self || this.#seat?.mayServe === false;
  }

  /** A replica, or a primary that may not serve at present, runs no part of what spans nodes: the parts are judged where they run. */
  #spansFromReplica({ fullName }: Command, slot: number): boolean {
    const { primaryOf, seats } = this.#members;
    // While there is no ring, it is neither, and has to wait.
    if (primaryOf[this.#self] === this.#self && seats.length > 0 && this.#seat?.mayServe !== false) return false;
    const relays = this.#server.settings.values["cluster-routing"] === "relay";
    return slot === severalSlots || (relays && this.#owner.spanning.has(fullName));
  }

  /** A request for this node's own slots, once everything before it has been answered. */
  #serveHere(context: Context, args: Arguments, slot: number): Outcome {
    if (here(context, args) === "held") return "held";
    return this.#seat === undefined ? "run" : this.#seat.admit(context, args, slot);
  }

  #routeTo(context: Context, command: Command, args: Arguments, slot: number): Outcome {
    const { client } = context;
    if (this.#owner.disputes.has(slot)) return new Refusal(routeErrors.disputed(slot));
    const node = this.#members.owners[slot] as number;
    if (command.group === "scripting" && this.#mustLookFor(command, args)) return this.#lookFor(context, args);
    // WATCH within a transaction is an error whatever its key.
    const watches = command.watching === "begins";
    if (client.transaction !== undefined) return watches ? "run" : this.#verdictOn(context, slot, node);
    if (watches && !this.#transactions.mayWatch(client, slot)) return crossSlot;
    if (node === this.#self) return this.#serveHere(context, args, slot);
    // Messages of a shard go to the connection itself. A replica of the owner gets them with the writes.
    if (isOfConnection(command)) {
      return this.#members.primaryOf[this.#self] === node ? here(context, args) : this.#moved(context, slot, node);
    }
    const verdict = this.#verdictOn(context, slot, node);
    return verdict === "run" ? this.#relay(context, command, args, slot) : verdict;
  }

  #moved({ client }: Context, slot: number, node: number): Refusal {
    return new Refusal(routeErrors.moved(slot, this.#owner.endpoints.preferred(node, client.channel.encrypted)));
  }

  /** Whether a node can be asked. */
  #verdictOn(context: Context, slot: number, node: number): Verdict {
    if (node === this.#self) return "run";
    const isRedirected = this.#members.isOutside || this.#server.settings.values["cluster-routing"] === "redirect";
    if (isRedirected) return this.#moved(context, slot, node);
    const name = this.#members.names[node] as string;
    return this.#owner.links[node]?.gone === false ? "run" : new Refusal(routeErrors.gone(slot, name));
  }

  #relay(context: Context, command: Command, args: Arguments, slot: number): Outcome {
    const { client } = context;
    const node = this.#members.owners[slot] as number;
    const relaying = this.relaying(context);
    if (this.#seat?.mover.isMoving(slot) === true) return this.#relayMoving(context, command, args, slot);
    if (!relaying.mayFollow(node)) return relaying.holdUntilAnswered(args);
    const { scripts } = this.#owner;
    if (command.group !== "scripting") {
      const outcome = this.#send(context, { slot, node }, args);
      if (outcome === "held") this.#noteSent(relaying, command, args, slot);
      return outcome;
    }
    const retry = scripts.prepare(command, args, node, (bytes) => {
      this.#send(context, { slot, node }, bytes);
    });
    const special = retry === undefined ? undefined : { count: 1, last: retry };
    const outcome = this.#send(context, { slot, node }, args, special);
    // If the script has to be sent again as EVAL, no later request may have run before it.
    if (special !== undefined) (client.relaying as RelayedClient).barrier = true;
    return outcome;
  }

  #noteSent(relaying: RelayedClient, command: Command, args: Arguments, slot: number): void {
    if (mayWaitForKeys(command, args)) relaying.mayWaitForKeys = true;
    if (command.watching !== "begins") return;
    relaying.watchedSlot = slot;
    relaying.watchNode = relaying.node;
  }

  /** As `#relay`, for a slot that may have gone when the request arrives. */
  #relayMoving(context: Context, command: Command, args: Arguments, slot: number): Outcome {
    const relaying = this.relaying(context);
    if (relaying.outstanding > 0) return relaying.holdUntilAnswered(args);
    const node = this.#members.owners[slot] as number;
    const request = { context, args, slot, node };
    const again = (bytes: Uint8Array): void => void this.#send(context, { slot, node }, bytes, special);
    const retry = command.group === "scripting" ? this.#owner.scripts.prepare(command, args, node, again) : undefined;
    const special = this.#moving.handling(request, { count: 1, ...(retry === undefined ? {} : { last: retry }) });
    const outcome = this.#send(context, { slot, node }, args, special);
    if (outcome !== "held") return outcome;
    this.#noteSent(relaying, command, args, slot);
    this.#moving.keep(request);
    return outcome;
  }

  /** Gives a request, or several as bytes, to a node. */
  #send(
    context: Context,
    to: { readonly slot: number; readonly node: number },
    what: Arguments | Uint8Array,
    special?: SpecialReplies,
  ): Outcome {
    const { client } = context;
    const info = infoOf(client);
    const link = this.#owner.links[to.node];
    if (link === undefined || link.gone) return this.#verdictOn(context, to.slot, to.node);
    const inPlace = !(what instanceof Uint8Array) && what.requestEnd > what.requestStart;
    const bytes = what instanceof Uint8Array ? what : inPlace ? what.buffer : requestBytes(what);
    const start = inPlace ? what.requestStart : 0;
    const end = inPlace ? what.requestEnd : bytes.length;
    if (!link.hasRoom(end - start) || !this.#hasRoom(link)) {
      return new Refusal(routeErrors.full(link.name, link.maxPendingBytes));
    }
    this.relayedCount++;
    link.relay(client.id, info, client.database, bytes, start, end);
    const relaying = this.relaying(context);
    relaying.sent(to.node, end - start, special);
    if ((info & tracksBit) !== 0) relaying.trackedAt.add(to.node);
    // The other node must not take a later request for this one.
    if (client.tracking?.caching === true) relaying.barrier = true;
    return "held";
  }

  #hasRoom({ pendingBytes }: OutgoingLink): boolean {
    const { links, maxWaitingBytes } = this.#owner;
    // An empty link always has room.
    if (pendingBytes === 0) return true;
    let total = 0;
    for (const link of links) total += link?.pendingBytes ?? 0;
    return total <= maxWaitingBytes;
  }

  /** The work of other nodes for a client. */
  relaying(context: Context): RelayedClient {
    const { client } = context;
    if (client.relaying === undefined) {
      const relaying = new RelayedClient(context, this.#held, () => this.#forget(relaying));
      client.relaying = relaying;
      this.#owner.relayed.add(relaying);
      return relaying;
    }
    return client.relaying as RelayedClient;
  }

  #forget(relaying: RelayedClient): void {
    const { id } = relaying.context.client;
    this.#owner.relayed.remove(relaying);
    for (const node of relaying.sessions) this.#owner.links[node]?.endSession(id);
  }

  #routeWithoutKeys(context: Context, command: Command, args: Arguments): Outcome {
    const { client } = context;
    const queues = client.transaction !== undefined && command.insideMulti === "queue";
    if (command.group === "scripting" && this.#mustLookFor(command, args)) return this.#lookFor(context, args);
    // Members publish nothing there, and tell no changes.
    if (this.#owner.ring?.state === "outside" && wantsMessages(command, args)) return new Refusal(routeErrors.left);
    const spanning = this.#owner.spanning.get(command.fullName);
    const relays = spanning?.inAnyRouting === true || this.#server.settings.values["cluster-routing"] === "relay";
    if (spanning !== undefined && relays) {
      if (queues) return verdictInOne(spanning, command);
      return this.#span(context, spanning, command, args);
    }
    if (queues) return "run";
    if (here(context, args) === "held") return "held";
    if (this.#seat !== undefined && this.#showsData(context, command)) {
      const runsQueue = command.insideMulti === "run the queue";
      const outcome = this.#seat.admit(context, args, runsQueue ? this.#transactions.slotOf(client) : noSlot);
      if (outcome !== "run") return outcome;
    }
    if (command.insideMulti === "run the queue") return this.#transactions.exec(context, args);
    const { watching } = command;
    if (watching === "ends" || (watching === "ends with MULTI" && client.transaction !== undefined)) {
      this.#unwatch(context);
    }
    return "run";
  }

  /** Whether a request without keys of its own shows or changes what this node serves as a primary. */
  #showsData({ client }: Context, command: Command): boolean {
    if (this.#members.primaryOf[this.#self] !== this.#self) return false;
    if (command.insideMulti !== "run the queue") return concernsData(command);
    const slot = this.#transactions.slotOf(client);
    if (slot >= 0) return this.#members.owners[slot] === this.#self;
    return client.transaction?.queued.some((each) => concernsData(each.command)) === true;
  }

  /** Ends the watching at another node. The reply is dropped. */
  #unwatch(context: Context): void {
    const relaying = context.client.relaying as RelayedClient | undefined;
    if (relaying === undefined || relaying.watchNode < 0) return;
    this.#send(context, { slot: relaying.watchedSlot, node: relaying.watchNode }, unwatchRequest, { count: 1 });
    relaying.forgetWatches();
  }

  #span(context: Context, spanning: SpanningCommand, command: Command, args: Arguments): "held" {
    if (here(context, args) === "held") return "held";
    spanning.run(context, args, new DeferredRequest(context, command));
    return "held";
  }

  /** Keys of different slots: one owner may have them all, if the command is one that may span nodes. */
  #routeSeveral(context: Context, command: Command, args: Arguments): Outcome {
    const spanning = this.#owner.spanning.get(command.fullName);
    const { values } = this.#server.settings;
    if (
      spanning === undefined ||
      context.client.transaction !== undefined ||
      values["cluster-routing"] === "redirect"
    ) {
      return crossSlot;
    }
    let slot = noSlot;
    let alone = true;
    for (const index of keyPositions(command, args)) {
      const found = hashSlot(args.buffer, args.start(index), args.end(index));
      if (this.#owner.disputes.has(found)) return new Refusal(routeErrors.disputed(found));
      if (slot !== noSlot && this.#members.owners[slot] !== this.#members.owners[found]) alone = false;
      // If one of them has to wait, or is about to move, the request does as its keys do.
      if (slot === noSlot || this.#seat?.mover.isMoving(slot) !== true) slot = found;
    }
    return alone ? this.#routeTo(context, command, args, slot) : this.#span(context, spanning, command, args);
  }

  beginScript(): void {
    this.#scriptSlot = noSlot;
  }

  /** A script may only call what concerns keys of one slot of this node. */
  #checkScript({ client }: Context, command: Command, args: Arguments): Verdict {
    if (client.kind !== "script") return "run";
    const slot = requestSlot(command, args);
    if (slot === noSlot) {
      const spanning = this.#owner.spanning.get(command.fullName);
      return spanning === undefined ? "run" : verdictInOne(spanning, command);
    }
    if (slot === severalSlots) return scriptSlots;
    if (slot !== this.#scriptSlot) {
      const verdict = this.#admitScript(client, slot);
      if (verdict !== "run") return verdict;
    }
    this.#server.changes.showData(client);
    return "run";
  }

  /** A script is judged at its first key, and never again: what it has written by then would be half of its work. */
  #admitScript(client: Client, slot: number): Verdict {
    if (this.#relayedRequests.checkOwned(slot) !== "run") return new Refusal(routeErrors.scriptKey);
    if (this.#scriptSlot !== noSlot) return scriptSlots;
    const admitted = this.#seat?.admitNow(slot) ?? "run";
    if (admitted !== "run") return admitted;
    client.seatEpoch = this.#seat?.servedEpoch;
    this.#scriptSlot = slot;
    return "run";
  }

  #mustLookFor(command: Command, args: Arguments): boolean {
    return args !== this.#lookedFor && this.#owner.scripts.isUnknown(command, args);
  }

  /** Asks the other nodes for a script that this one does not know. */
  #lookFor(context: Context, args: Arguments): "held" {
    if (here(context, args) === "held") return "held";
    this.#held.hold(context, args);
    this.#owner.scripts.find(args.latin1(1), () => {
      this.#lookedFor = this.#held.requestOf(context);
      this.#held.release(context);
    });
    return "held";
  }
}
