import { keyPositions } from "../../dispatch/command-keys.ts";
import type { Command, Context } from "../../dispatch/context.ts";
import { type Outcome, Refusal, type Verdict } from "../../dispatch/outcome.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { hashSlot } from "../hash-slot.ts";
import { noSlot, requestSlot, severalSlots } from "./request-slot.ts";
import { routeErrors } from "./route-errors.ts";
import type { RouterOwner } from "./router-owner.ts";
import type { TransactionRouter } from "./transaction-router.ts";

const crossSlot = new Refusal(routeErrors.crossSlot);

/** Judges what the clients of other nodes ask of this one. It is never sent on, whatever the nodes believe of each other. */
export class RelayedRequests {
  readonly #owner: RouterOwner;
  readonly #transactions: TransactionRouter;
  readonly #showsData: (context: Context, command: Command) => boolean;

  constructor(
    owner: RouterOwner,
    transactions: TransactionRouter,
    showsData: (context: Context, command: Command) => boolean,
  ) {
    this.#owner = owner;
    this.#transactions = transactions;
    this.#showsData = showsData;
  }

  route(context: Context, command: Command, args: Arguments): Outcome {
    const { seat } = this.#owner;
    const { client } = context;
    if (seat === undefined) return this.#check(command, args, requestSlot(command, args));
    // EXEC judges the whole transaction.
    if (client.transaction !== undefined && command.insideMulti === "queue") return "run";
    const runsQueue = command.insideMulti === "run the queue";
    const slot = runsQueue ? this.#transactions.slotOf(client) : requestSlot(command, args);
    const verdict = this.#check(command, args, slot);
    // The node that sends it may know already that the slot is this node's.
    if (verdict !== "run") return this.#isAwaited(command, args, slot) ? seat.requests.hold(context, args) : verdict;
    const isOfSeat = slot !== noSlot || this.#showsData(context, command);
    return isOfSeat ? seat.admit(context, args, slot) : verdict;
  }

  #check(command: Command, args: Arguments, slot: number): Verdict {
    if (slot === noSlot) return "run";
    if (slot !== severalSlots) return this.checkOwned(slot);
    if (!this.#owner.spanning.has(command.fullName)) return crossSlot;
    for (const index of keyPositions(command, args)) {
      const verdict = this.checkOwned(slotAt(args, index));
      if (verdict !== "run") return verdict;
    }
    return "run";
  }

  checkOwned(slot: number): Verdict {
    const { disputes, members } = this.#owner;
    if (disputes.has(slot)) return new Refusal(routeErrors.disputed(slot));
    return members.owners[slot] === members.self ? "run" : new Refusal(routeErrors.notOwner(slot));
  }

  #isAwaited(command: Command, args: Arguments, slot: number): boolean {
    const { mover } = this.#owner.seat!;
    if (slot >= 0) return mover.isAwaited(slot);
    return keyPositions(command, args).some((index) => mover.isAwaited(slotAt(args, index)));
  }
}

const slotAt = (args: Arguments, index: number): number => hashSlot(args.buffer, args.start(index), args.end(index));
