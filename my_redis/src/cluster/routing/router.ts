import type { Command } from "../../dispatch/command.ts";
import { keyPositions } from "../../dispatch/command-keys.ts";
import type { Context } from "../../dispatch/context.ts";
import { type Policy, postponed } from "../../dispatch/checks/policies.ts";
import { PostponedRequests } from "../../dispatch/held-requests.ts";
import { runsAtOnce } from "../../dispatch/processor.ts";
import type { RequestRouter } from "../../dispatch/request-router.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import type { Server } from "../../server.ts";
import type { Disputes } from "../disputes.ts";
import { hashSlot } from "../hash-slot.ts";
import { noTouchBit } from "../link/frame.ts";
import type { OutgoingLink } from "../link/outgoing-link.ts";
import type { Members } from "../members.ts";
import type { SpanningCommand } from "../spanning-command.ts";
import { DeferredRequest } from "./deferred-request.ts";
import { RelayedClient, type SpecialReplies } from "./relayed-client.ts";
import type { RelayedClients } from "./relayed-clients.ts";
import { noSlot, requestSlot, severalSlots } from "./request-slot.ts";
import { routeErrors } from "./route-errors.ts";
import type { ScriptExchange } from "./script-exchange.ts";
import { TransactionRouter } from "./transaction-router.ts";
import { requestBytes, unwatchRequest } from "./transaction-request.ts";

/** What routing needs of the node. */
export interface RouterOwner {
  readonly server: Server;
  readonly members: Members;
  readonly disputes: Disputes;
  /** By the node's number; undefined at this node's own. */
  readonly links: readonly (OutgoingLink | undefined)[];
  readonly spanning: ReadonlyMap<string, SpanningCommand>;
  readonly scripts: ScriptExchange;
  readonly clients: RelayedClients;
  /** Bytes that may wait for all nodes together. */
  readonly maxWaitingBytes: number;
}

/** Sends each request to the node that owns its keys, in the order of its client. */
export class Router implements RequestRouter {
  /** Requests that were given to other nodes; a transaction counts as one. */
  relayedCount = 0;
  readonly #owner: RouterOwner;
  readonly #server: Server;
  readonly #owners: Uint16Array;
  readonly #self: number;
  readonly #held: PostponedRequests;
  readonly #transactions: TransactionRouter;
  /** The slot of the keys that the running script has used. */
  #scriptSlot = noSlot;
  /** Set while a request runs that waited until its script had been looked for. */
  #lookedFor: Context | undefined;

  constructor(owner: RouterOwner) {
    this.#owner = owner;
    this.#server = owner.server;
    this.#owners = owner.members.owners;
    this.#self = owner.members.self;
    this.#held = new PostponedRequests(owner.server);
    this.#transactions = new TransactionRouter(owner, (context, to, bytes, special) =>
      this.#send(context, to, bytes, special),
    );
  }

  route(context: Context, command: Command, args: Arguments): string | undefined {
    const { client } = context;
    if (client.kind !== "normal") return client.kind === "relayed" ? this.#checkRelayed(command, args) : undefined;
    const slot = requestSlot(command, args);
    if (slot === noSlot) return this.#routeWithoutKeys(context, command, args);
    if (slot === severalSlots) return this.#routeSeveral(context, command, args);
    return this.#routeTo(context, command, args, slot);
  }

  isElsewhere({ client }: Context, command: Command, args: Arguments): boolean {
    if (client.kind !== "normal") return false;
    const slot = command.name === "EXEC" ? this.#transactions.slotOf(client) : requestSlot(command, args);
    return slot >= 0 && this.#owners[slot] !== this.#self;
  }

  #routeTo(context: Context, command: Command, args: Arguments, slot: number): string | undefined {
    const { client } = context;
    if (this.#owner.disputes.has(slot)) return routeErrors.disputed(slot);
    const node = this.#owners[slot] as number;
    if (command.group === "scripting" && this.#mustLookFor(context, command, args)) return this.#lookFor(context, args);
    // WATCH within a transaction is an error whatever its key.
    if (client.transaction !== undefined) return command.name === "WATCH" ? undefined : this.#refusalOf(slot, node);
    if (command.name === "WATCH") {
      const refusal = this.#transactions.checkWatch(client, slot);
      if (refusal !== undefined) return refusal;
    }
    if (node === this.#self) return this.#here(context, args);
    return this.#refusalOf(slot, node) ?? this.#relay(context, command, args, slot);
  }

  /** Why a node cannot be asked; undefined when it can. */
  #refusalOf(slot: number, node: number): string | undefined {
    if (node === this.#self) return undefined;
    const name = this.#owner.members.names[node] as string;
    if (this.#server.settings.values["cluster-routing"] === "redirect") return routeErrors.moved(slot, name);
    return this.#owner.links[node]?.gone === false ? undefined : routeErrors.gone(slot, name);
  }

  /** Runs a request here once everything before it has been answered. */
  #here(context: Context, args: Arguments): string | undefined {
    return context.client.relaying?.mustWait(args) === true ? postponed : undefined;
  }

  #relay(context: Context, command: Command, args: Arguments, slot: number): string | undefined {
    const { client } = context;
    const node = this.#owners[slot] as number;
    const relaying = this.#relaying(context);
    if (!relaying.mayFollow(node)) return relaying.mustWait(args) ? postponed : undefined;
    const { scripts } = this.#owner;
    if (command.group !== "scripting") {
      const refusal = this.#send(context, { slot, node }, args);
      if (refusal === undefined && command.name === "WATCH") {
        relaying.watchedSlot = slot;
        relaying.watchNode = node;
      }
      return refusal ?? postponed;
    }
    const retry = scripts.prepare(command, args, node, (bytes) => void this.#send(context, { slot, node }, bytes));
    const special = retry === undefined ? undefined : { count: 1, last: retry };
    const refusal = this.#send(context, { slot, node }, args, special);
    // Should the script have to be sent after it, nothing may have run in between.
    if (special !== undefined) (client.relaying as RelayedClient).barrier = true;
    return refusal ?? postponed;
  }

  /** Gives a request, or several as bytes, to a node. The result is the error when that cannot be. */
  #send(
    context: Context,
    to: { readonly slot: number; readonly node: number },
    what: Arguments | Uint8Array,
    special?: SpecialReplies,
  ): string | undefined {
    const { client } = context;
    const link = this.#owner.links[to.node];
    if (link === undefined || link.gone) return this.#refusalOf(to.slot, to.node);
    const inPlace = !(what instanceof Uint8Array) && what.requestEnd > what.requestStart;
    const bytes = what instanceof Uint8Array ? what : inPlace ? what.buffer : requestBytes(what);
    const start = inPlace ? what.requestStart : 0;
    const end = inPlace ? what.requestEnd : bytes.length;
    if (!link.hasRoom(end - start) || !this.#hasRoom(link)) return routeErrors.full(link.name, link.maxPendingBytes);
    const info = client.noTouch ? client.protocol | noTouchBit : client.protocol;
    this.relayedCount++;
    link.relay(client.id, info, client.database, bytes, start, end);
    this.#relaying(context).sent(to.node, end - start, special);
    return undefined;
  }

  #hasRoom({ pendingBytes }: OutgoingLink): boolean {
    const { links, maxWaitingBytes } = this.#owner;
    // Several links can only be full together when this one is not empty.
    if (pendingBytes === 0) return true;
    let total = 0;
    for (const link of links) total += link?.pendingBytes ?? 0;
    return total <= maxWaitingBytes;
  }

  #relaying(context: Context): RelayedClient {
    const { client } = context;
    if (client.relaying === undefined) {
      const relaying = new RelayedClient(context, this.#held, () => this.#forget(relaying));
      client.relaying = relaying;
      this.#owner.clients.add(relaying);
      return relaying;
    }
    return client.relaying as RelayedClient;
  }

  #forget(relaying: RelayedClient): void {
    const { id } = relaying.context.client;
    this.#owner.clients.remove(relaying);
    for (const node of relaying.sessions) this.#owner.links[node]?.endSession(id);
  }

  #routeWithoutKeys(context: Context, command: Command, args: Arguments): string | undefined {
    const { client } = context;
    const queues = client.transaction !== undefined && !runsAtOnce(command);
    if (command.group === "scripting" && this.#mustLookFor(context, command, args)) return this.#lookFor(context, args);
    const spanning = this.#owner.spanning.get(command.fullName);
    if (spanning !== undefined && this.#server.settings.values["cluster-routing"] === "relay") {
      if (queues) return spanning.localInTransaction === true ? undefined : routeErrors.spans(command.fullName);
      return this.#span(context, spanning, args);
    }
    if (queues) return undefined;
    if (client.relaying?.mustWait(args) === true) return postponed;
    if (command.name === "EXEC") return this.#transactions.exec(context);
    const discards = command.name === "DISCARD" && client.transaction !== undefined;
    const ends = discards || command.name === "UNWATCH" || command.name === "RESET";
    if (ends) this.#unwatch(context);
    return undefined;
  }

  /** What is watched at another node is not watched any more: nobody waits for the answer. */
  #unwatch(context: Context): void {
    const relaying = context.client.relaying as RelayedClient | undefined;
    if (relaying === undefined || relaying.watchNode < 0) return;
    this.#send(context, { slot: relaying.watchedSlot, node: relaying.watchNode }, unwatchRequest, { count: 1 });
    relaying.forgetWatches();
  }

  #span(context: Context, spanning: SpanningCommand, args: Arguments): string {
    if (context.client.relaying?.mustWait(args) !== true) spanning.run(context, args, new DeferredRequest(context));
    return postponed;
  }

  /** Keys of different slots: one owner may have them all, if the command is one that may span nodes. */
  #routeSeveral(context: Context, command: Command, args: Arguments): string | undefined {
    const spanning = this.#owner.spanning.get(command.fullName);
    const { values } = this.#server.settings;
    if (
      spanning === undefined ||
      context.client.transaction !== undefined ||
      values["cluster-routing"] === "redirect"
    ) {
      return routeErrors.crossSlot;
    }
    let slot = noSlot;
    let alone = true;
    for (const index of keyPositions(command, args)) {
      const found = hashSlot(args.buffer, args.start(index), args.end(index));
      if (this.#owner.disputes.has(found)) return routeErrors.disputed(found);
      if (slot !== noSlot && this.#owners[slot] !== this.#owners[found]) alone = false;
      slot = found;
    }
    return alone ? this.#routeTo(context, command, args, slot) : this.#span(context, spanning, args);
  }

  /** Another node's client: never sent on, whatever the nodes believe of each other. */
  #checkRelayed(command: Command, args: Arguments): string | undefined {
    const slot = requestSlot(command, args);
    if (slot === noSlot) return undefined;
    if (slot !== severalSlots) return this.#checkOwned(slot);
    if (!this.#owner.spanning.has(command.fullName)) return routeErrors.crossSlot;
    for (const index of keyPositions(command, args)) {
      const refusal = this.#checkOwned(hashSlot(args.buffer, args.start(index), args.end(index)));
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  #checkOwned(slot: number): string | undefined {
    if (this.#owner.disputes.has(slot)) return routeErrors.disputed(slot);
    return this.#owners[slot] === this.#self ? undefined : routeErrors.notOwner(slot);
  }

  beginScript(): void {
    this.#scriptSlot = noSlot;
  }

  /** What a script may call: only what concerns keys of one slot of this node. */
  readonly checkScript: Policy = (context, command, args) => {
    if (context.client.kind !== "script") return undefined;
    const slot = requestSlot(command, args);
    if (slot === noSlot) {
      const spanning = this.#owner.spanning.get(command.fullName);
      if (spanning === undefined || spanning.localInTransaction === true) return undefined;
      return routeErrors.spans(command.fullName);
    }
    if (slot === severalSlots) return routeErrors.scriptSlots;
    if (this.#checkOwned(slot) !== undefined) return routeErrors.scriptKey;
    if (this.#scriptSlot !== noSlot && this.#scriptSlot !== slot) return routeErrors.scriptSlots;
    this.#scriptSlot = slot;
    return undefined;
  };

  #mustLookFor(context: Context, command: Command, args: Arguments): boolean {
    return context !== this.#lookedFor && this.#owner.scripts.isUnknown(command, args);
  }

  /** Asks the other nodes for a script that this one does not know. */
  #lookFor(context: Context, args: Arguments): string {
    if (context.client.relaying?.mustWait(args) === true) return postponed;
    this.#held.hold(context, args);
    this.#owner.scripts.find(args.latin1(1), () => {
      this.#lookedFor = context;
      try {
        this.#held.release(context);
      } finally {
        this.#lookedFor = undefined;
      }
    });
    return postponed;
  }
}
