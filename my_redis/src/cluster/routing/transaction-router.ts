import type { Client, Transaction } from "../../dispatch/client.ts";
import type { Context } from "../../dispatch/context.ts";
import { type Outcome, Refusal } from "../../dispatch/outcome.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { replyEnd } from "../../protocol/reply-end.ts";
import { hashSlot } from "../hash-slot.ts";
import type { MovingRequests } from "./moving-requests.ts";
import type { RelayedClient, SpecialReplies } from "./relayed-client.ts";
import { isOfConnection } from "./request-kinds.ts";
import { noSlot, requestSlot, severalSlots } from "./request-slot.ts";
import type { RouterOwner } from "./router-owner.ts";
import { routeErrors } from "./route-errors.ts";
import { transactionRequest, unwatchRequest } from "./transaction-request.ts";

type Send = (
  context: Context,
  to: { readonly slot: number; readonly node: number },
  bytes: Uint8Array,
  special: SpecialReplies,
) => Outcome;

const arrayHeader = 42;
const minus = 45;
const plus = 43;

/**
 * Transactions in a ring of nodes. They are queued where the client is connected. They run as a whole where
 * their keys live: there the client's session holds the watched keys.
 */
export class TransactionRouter {
  readonly #owner: RouterOwner;
  readonly #moving: MovingRequests;
  readonly #send: Send;

  constructor(owner: RouterOwner, moving: MovingRequests, send: Send) {
    this.#owner = owner;
    this.#moving = moving;
    this.#send = send;
  }

  /** Whether a client may watch keys of a slot: all that it watches lives in one slot. */
  mayWatch(client: Client, slot: number): boolean {
    const watched = watchedSlot(client);
    return watched === noSlot || watched === slot;
  }

  /** The slot of all that a client has queued and watches. */
  slotOf(client: Client): number {
    return client.transaction === undefined ? noSlot : slotOf(client.transaction, watchedSlot(client));
  }

  /** Sends a transaction to the owner of its keys; "run" when it runs here. */
  exec(context: Context, args: Arguments): Outcome {
    const { client } = context;
    const { transaction } = client;
    const relaying = client.relaying as RelayedClient | undefined;
    const watched = watchedSlot(client);
    const watchNode = relaying?.watchNode ?? -1;
    if (transaction === undefined) return "run";
    if (transaction.refusal !== undefined || client.watchBroken) {
      // It fails here, and nothing is watched elsewhere any more.
      if (watchNode >= 0) this.#forget(context, relaying as RelayedClient);
      return "run";
    }
    const slot = slotOf(transaction, watched);
    const outcome =
      slot === severalSlots ? new Refusal(routeErrors.crossSlot) : this.#start(context, args, transaction, slot);
    if (watchNode >= 0) relaying?.forgetWatches();
    return outcome;
  }

  #forget(context: Context, relaying: RelayedClient): void {
    const { watchedSlot, watchNode } = relaying;
    this.#send(context, { slot: watchedSlot, node: watchNode }, unwatchRequest, { count: 1 });
    relaying.forgetWatches();
  }

  #start(context: Context, args: Arguments, transaction: Transaction, slot: number): Outcome {
    if (slot === noSlot) return "run";
    const { members, disputes } = this.#owner;
    if (disputes.has(slot)) return new Refusal(routeErrors.disputed(slot));
    const node = members.owners[slot] as number;
    if (node === members.self) return "run";
    const foreign = transaction.queued.find(({ command }) => isOfConnection(command));
    if (foreign !== undefined) return new Refusal(routeErrors.ofConnection(foreign.command.fullName));
    const { client, server } = context;
    const { queued } = transaction;
    const { bytes, replies } = transactionRequest(queued, this.#owner.scripts.bodiesFor(queued));
    const last = (buffer: Uint8Array, start: number, end: number): boolean => {
      followSelects(context, transaction, buffer, start, end);
      return false;
    };
    const isMoving = this.#owner.seat?.mover.isMoving(slot) === true;
    const request = { context, args, slot, node };
    const isWatching = watchedSlot(client) !== noSlot;
    const bounced = (): void => {
      // It is judged anew as a whole. Nobody knows any more whether what was watched has changed.
      client.transaction = transaction;
      client.watchBroken = isWatching;
    };
    const special = { count: replies, last };
    const handled = isMoving ? this.#moving.handling(request, { ...special, bounced }) : special;
    const outcome = this.#send(context, { slot, node }, bytes, handled);
    if (outcome !== "held") return outcome;
    if (isMoving) this.#moving.keep(request);
    // Later requests use the database that the transaction selects.
    if (queued.some(({ command }) => command.selectsDatabase === true))
      (client.relaying as RelayedClient).barrier = true;
    client.transaction = undefined;
    server.watched.unwatch(client);
    return "held";
  }
}

/** The slot of a client's watched keys, here or elsewhere. */
function watchedSlot(client: Client): number {
  const relaying = client.relaying as RelayedClient | undefined;
  if (relaying !== undefined && relaying.watchedSlot >= 0) return relaying.watchedSlot;
  const first = client.watched[0];
  if (first === undefined) return noSlot;
  const key = Buffer.from(first.key, "latin1");
  return hashSlot(key, 0, key.length);
}

/** The one slot of everything that is queued and watched. */
function slotOf(transaction: Transaction, watched: number): number {
  let slot = watched;
  for (const { command, args } of transaction.queued) {
    const found = requestSlot(command, args);
    if (found === noSlot) continue;
    if (found === severalSlots || (slot !== noSlot && slot !== found)) return severalSlots;
    slot = found;
  }
  return slot;
}

/** The client follows the SELECTs of its transaction. `bytes`: the reply of EXEC. */
function followSelects(context: Context, { queued }: Transaction, bytes: Uint8Array, start: number, end: number): void {
  if (bytes[start] !== arrayHeader || bytes[start + 1] === minus) return;
  let at = bytes.indexOf(10, start) + 1;
  for (const { command, args } of queued) {
    if (command.selectsDatabase === true && bytes[at] === plus) context.select(args.integer(1));
    at = replyEnd(bytes, at, end);
  }
}
