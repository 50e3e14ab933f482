import type { Command } from "../../dispatch/command.ts";
import type { CommandFacts } from "../../dispatch/command-facts.ts";
import { keyPositions } from "../../dispatch/command-keys.ts";
import type { Context, Services } from "../../dispatch/context.ts";
import { hasWord } from "../../dispatch/has-word.ts";
import { HeldRequests } from "../../dispatch/held-requests.ts";
import type { ClientTracking } from "../../dispatch/observers/client-tracking.ts";
import { type Outcome, Refusal, type Verdict } from "../../dispatch/outcome.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { hashSlot } from "../hash-slot.ts";
import { tracksBit } from "../link/frame.ts";
import type { OutgoingLink } from "../link/outgoing-link.ts";
import type { SpanningCommand } from "../spanning-command.ts";
import { DeferredRequest } from "./deferred-request.ts";
import { RelayedClient, type SpecialReplies } from "./relayed-client.ts";
import { infoOf } from "./request-info.ts";
import { noSlot, requestSlot, severalSlots } from "./request-slot.ts";
import { routeErrors } from "./route-errors.ts";
import type { RouterOwner } from "./router-owner.ts";
import { TransactionRouter } from "./transaction-router.ts";
import { requestBytes, unwatchRequest } from "./transaction-request.ts";

const crossSlot = new Refusal(routeErrors.crossSlot);
const scriptKey = new Refusal(routeErrors.scriptKey);
const scriptSlots = new Refusal(routeErrors.scriptSlots);

/** Runs a request here, once everything before it has been answered. */
const here = ({ client }: Context, args: Arguments): "run" | "held" =>
  client.relaying?.holdUntilAnswered(args) ?? "run";

/** XREAD and XREADGROUP wait only when they are told to. */
const mayWaitForKeys = ({ flagSet, group }: Command, args: Arguments): boolean =>
  flagSet.has("blocking") && (group !== "stream" || hasWord(args, 1, "block"));

const concernsData = ({ flagSet, isWrite, readsKeyspace }: CommandFacts): boolean =>
  isWrite || flagSet.has("readonly") || readsKeyspace === true;

/** Whether a command that may span nodes can stand in a transaction or script, which runs on one node. */
const verdictInOne = ({ localInTransaction }: SpanningCommand, { fullName }: Command): Verdict =>
  localInTransaction === true ? "run" : new Refusal(routeErrors.spans(fullName));

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
  readonly #transactions: TransactionRouter;
  readonly #tracking: ClientTracking;
  /** The slot of the keys that the running script has used. */
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
    this.#tracking = owner.server.observers.tracking;
    this.#transactions = new TransactionRouter(owner, (context, to, bytes, special) =>
      this.#send(context, to, bytes, special),
    );
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
    if (client.kind !== "normal") return client.kind === "relayed" ? this.#routeRelayed(context, command, args) : "run";
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

  /** A replica runs no part of what spans nodes. */
  #spansFromReplica({ fullName }: Command, slot: number): boolean {
    if (this.#members.primaryOf[this.#self] === this.#self) return false;
    const relays = this.#server.settings.values["cluster-routing"] === "relay";
    return slot === severalSlots || (relays && this.#owner.spanning.has(fullName));
  }

  /** A request for this node's own slots, once everything before it has been answered. */
  #serveHere(context: Context, args: Arguments): Outcome {
    if (here(context, args) === "held") return "held";
    return this.#seat === undefined ? "run" : this.#seat.admit(context, args);
  }

  #routeTo(context: Context, command: Command, args: Arguments, slot: number): Outcome {
    const { client } = context;
    if (this.#owner.disputes.has(slot)) return new Refusal(routeErrors.disputed(slot));
    const node = this.#members.owners[slot] as number;
    if (command.group === "scripting" && this.#mustLookFor(command, args)) return this.#lookFor(context, args);
    // WATCH within a transaction is an error whatever its key.
    const watches = command.watching === "begins";
    if (client.transaction !== undefined) return watches ? "run" : this.#verdictOn(slot, node);
    if (watches && !this.#transactions.mayWatch(client, slot)) return crossSlot;
    if (node === this.#self) return this.#serveHere(context, args);
    const verdict = this.#verdictOn(slot, node);
    return verdict === "run" ? this.#relay(context, command, args, slot) : verdict;
  }

  /** Whether a node can be asked. */
  #verdictOn(slot: number, node: number): Verdict {
    if (node === this.#self) return "run";
    if (this.#server.settings.values["cluster-routing"] === "redirect") {
      return new Refusal(routeErrors.moved(slot, this.#owner.endpoints.preferred(node)));
    }
    if (this.#owner.links[node]?.gone === false) return "run";
    return new Refusal(routeErrors.gone(slot, this.#owner.members.names[node] as string));
  }

  #relay(context: Context, command: Command, args: Arguments, slot: number): Outcome {
    const { client } = context;
    const node = this.#members.owners[slot] as number;
    const relaying = this.relaying(context);
    if (!relaying.mayFollow(node)) return relaying.holdUntilAnswered(args);
    const { scripts } = this.#owner;
    const info = infoOf(client);
    if (command.group !== "scripting") {
      const outcome = this.#send(context, { slot, node }, args);
      if (outcome !== "held") return outcome;
      this.#tracking.commandEnded(client, command);
      if (mayWaitForKeys(command, args)) relaying.mayWaitForKeys = true;
      if (command.watching === "begins") {
        relaying.watchedSlot = slot;
        relaying.watchNode = node;
      }
      return outcome;
    }
    const retry = scripts.prepare(command, args, node, (bytes) => {
      this.#send(context, { slot, node }, bytes, undefined, info);
    });
    const special = retry === undefined ? undefined : { count: 1, last: retry };
    const outcome = this.#send(context, { slot, node }, args, special);
    if (outcome === "held") this.#tracking.commandEnded(client, command);
    // If the script has to be sent again as EVAL, no later request may have run before it.
    if (special !== undefined) (client.relaying as RelayedClient).barrier = true;
    return outcome;
  }

  /** Gives a request, or several as bytes, to a node. */
  #send(
    context: Context,
    to: { readonly slot: number; readonly node: number },
    what: Arguments | Uint8Array,
    special?: SpecialReplies,
    info = infoOf(context.client),
  ): Outcome {
    const { client } = context;
    const link = this.#owner.links[to.node];
    if (link === undefined || link.gone) return this.#verdictOn(to.slot, to.node);
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
    const spanning = this.#owner.spanning.get(command.fullName);
    if (spanning !== undefined && this.#server.settings.values["cluster-routing"] === "relay") {
      if (queues) return verdictInOne(spanning, command);
      return this.#span(context, spanning, command, args);
    }
    if (queues) return "run";
    if (here(context, args) === "held") return "held";
    if (this.#seat !== undefined && this.#showsData(context, command)) {
      const outcome = this.#seat.admit(context, args);
      if (outcome !== "run") return outcome;
    }
    if (command.insideMulti === "run the queue") {
      const outcome = this.#transactions.exec(context);
      if (outcome === "held") this.#tracking.commandEnded(context.client, command);
      return outcome;
    }
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
    spanning.run(context, args, new DeferredRequest(context));
    this.#tracking.commandEnded(context.client, command);
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
      slot = found;
    }
    return alone ? this.#routeTo(context, command, args, slot) : this.#span(context, spanning, command, args);
  }

  #routeRelayed(context: Context, command: Command, args: Arguments): Outcome {
    const verdict = this.#checkRelayed(command, args);
    if (verdict !== "run" || this.#seat === undefined) return verdict;
    const { client } = context;
    if (client.transaction !== undefined && command.insideMulti === "queue") return verdict;
    const isOfSeat = requestSlot(command, args) !== noSlot || this.#showsData(context, command);
    return isOfSeat ? this.#seat.admit(context, args) : verdict;
  }

  /** Requests of another node's client are never sent on, whatever the nodes believe of each other. */
  #checkRelayed(command: Command, args: Arguments): Verdict {
    const slot = requestSlot(command, args);
    if (slot === noSlot) return "run";
    if (slot !== severalSlots) return this.#checkOwned(slot);
    if (!this.#owner.spanning.has(command.fullName)) return crossSlot;
    for (const index of keyPositions(command, args)) {
      const verdict = this.#checkOwned(hashSlot(args.buffer, args.start(index), args.end(index)));
      if (verdict !== "run") return verdict;
    }
    return "run";
  }

  #checkOwned(slot: number): Verdict {
    if (this.#owner.disputes.has(slot)) return new Refusal(routeErrors.disputed(slot));
    return this.#members.owners[slot] === this.#self ? "run" : new Refusal(routeErrors.notOwner(slot));
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
    if (this.#checkOwned(slot) !== "run") return scriptKey;
    const admitted = this.#seat?.admitNow() ?? "run";
    if (admitted !== "run") return admitted;
    if (this.#scriptSlot !== noSlot && this.#scriptSlot !== slot) return scriptSlots;
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
