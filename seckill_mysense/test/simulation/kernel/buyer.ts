import { partOf } from "../../../src/domain/bundle.ts";
import { type Actor, insist, OutcomeUnknown, rest, type Steps } from "./actor.ts";
import { borrowUnits } from "./borrow-units.ts";
import type { Gateway } from "./gateway.ts";
import type { Shop } from "./shop.ts";
import { join, wait } from "./waiter.ts";

export type Intention = "keep" | "pay" | "pay twice" | "cancel" | "cancel and ask again" | "pay and cancel";

export interface BuyerOptions {
  readonly shop: Shop;
  readonly gateway: Gateway;
  readonly userId: string;
  readonly productId: string;
  readonly reservationId: string;
  /** How many units it wants; it takes fewer if it must. */
  readonly quantity: number;
  readonly intention: Intention;
  /** Joins the waiting list if nothing is left. */
  readonly waits?: boolean;
  readonly onEnd: () => void;
}

/** One buyer with one token: it asks until it knows, and then pays, cancels or does nothing. */
export function buyer(options: BuyerOptions): Actor {
  options.shop.tokens.add(options.reservationId);
  return {
    name: `buyer ${options.userId} with ${options.reservationId}`,
    canBeKilled: false,
    *start() {
      const reservationId = yield* reserve(options);
      if (reservationId === undefined && options.waits === true) return yield* waitInLine(options);
      const answer = reservationId === undefined ? undefined : yield* hear(options, reservationId);
      if (answer === "won") yield* carryOut(options, reservationId as string);
      if (answer === "lost" || (answer === "won" && options.intention === "cancel and ask again")) {
        yield* reserve(options);
      }
      options.onEnd();
    },
  };
}

/** Those who wait may wait for ever: the sale is at rest although they do. */
function* waitInLine(options: BuyerOptions): Steps {
  let row = yield* join(options);
  options.onEnd();
  let offered = row === undefined ? undefined : yield* wait(options, row);
  // Somebody who has given up comes back, now and then, and is the last one again.
  for (let again = 0; offered === undefined && again < 2 && options.shop.chance.happens(0.5); again++) {
    row = yield* join(options);
    offered = row === undefined ? undefined : yield* wait(options, row);
  }
  if (offered === undefined) return;
  options.shop.tell(offered, "won");
  yield* carryOut(options, offered);
}

/** The reservation that the buyer got, or undefined when there was nothing left. */
function* reserve(options: BuyerOptions): Steps<string | undefined> {
  const { shop, gateway, userId, productId, reservationId } = options;
  let { quantity } = options;
  let wanted = reservationId;
  for (;;) {
    const request = { reservationId: wanted, userId, productId, quantity };
    try {
      const outcome = yield* gateway.reserve(request);
      if (outcome.kind === "sold_out" || outcome.kind === "over_limit") {
        const isEmpty = outcome.kind === "sold_out";
        const left = isEmpty && shop.emptiness ? yield* leftInAll(options, quantity) : outcome.left;
        if (left === 0) return undefined;
        if (left !== undefined) quantity = left;
        continue;
      }
      if (outcome.kind === "replay" || outcome.kind === "accepted") {
        const accepted = outcome.kind === "replay" ? outcome.reservationId : wanted;
        // The user is buying the product in a bundle already, and is told that one's answer.
        if (partOf(accepted) !== undefined) return undefined;
        shop.tell(accepted, "accepted");
        return accepted;
      }
    } catch (error) {
      if (!(error instanceof OutcomeUnknown)) throw error;
      if (shop.has("gateway gives back after an unknown outcome")) {
        const epoch = shop.ledger.product(productId).epoch;
        yield* insist("gate", "gateway gives back", () => shop.gate.giveBack({ ...request, epoch }));
      }
      if (shop.has("gateway repeats with a new reservation id")) wanted = shop.newName("r");
    }
    yield* rest();
  }
}

/** Units in all buckets together, where they are too few; undefined when the gate is to be asked once more. */
function* leftInAll(options: BuyerOptions, quantity: number): Steps<number | undefined> {
  const { shop, gateway, userId, productId: bucketId } = options;
  const since = shop.emptiness!.now;
  const borrowed = yield* borrowUnits({ shop, gateway, bucketId, quantity });
  if (borrowed.kind === "empty") {
    if (borrowed.left === 0) shop.emptiness!.checkSoldOut(userId, since);
    return borrowed.left;
  }
  yield* rest();
  return undefined;
}

/** Reads the reservation until its answer is final. */
function* hear({ shop, userId, productId }: BuyerOptions, reservationId: string): Steps<"won" | "rejected" | "lost"> {
  const { gate, ledger } = shop;
  const readAnswer = function* (): Steps<"won" | "rejected" | undefined> {
    return yield* insist("ledger", `reader reads ${reservationId}`, () => {
      if (ledger.orders.has(reservationId)) return "won";
      return ledger.rejections.has(reservationId) ? "rejected" : undefined;
    });
  };
  for (;;) {
    let answer: "won" | "rejected" | "lost" | undefined = yield* readAnswer();
    if (answer === undefined) {
      const seen = yield* insist("gate", `reader asks for ${reservationId}`, () => ({
        holds: gate.holds(productId, userId, reservationId),
        acceptances: gate.acceptances.get(reservationId) ?? 0,
        isOpen: gate.status(productId)?.open === true && gate.status(productId)?.isVerified === true,
      }));
      if (seen.holds && shop.has("buyer hears won before the commit")) answer = "won";
      // A gate that was compared with the ledger holds every accepted reservation until the ledger releases it. So what
      // neither of them knows, asked in this order, is lost.
      else if (!seen.holds && seen.isOpen) {
        const isKnown = shop.has("lost is said before the ledger is read again") ? undefined : yield* readAnswer();
        answer = isKnown ?? "lost";
        if (answer === "lost") shop.lostAfter.set(reservationId, seen.acceptances);
      }
    }
    if (answer !== undefined) {
      shop.tell(reservationId, answer);
      return answer;
    }
    yield* rest();
  }
}

export function* carryOut({ shop, intention }: Pick<BuyerOptions, "shop" | "intention">, reservationId: string): Steps {
  const { ledger, provider } = shop;
  const pay = function* (): Steps {
    const paymentId = shop.newName("pay");
    yield* insist("provider", `buyer pays ${reservationId}`, () => provider.charge(paymentId, reservationId));
  };
  if (intention === "keep") return;
  if (intention === "pay" || intention === "pay and cancel" || intention === "pay twice") yield* pay();
  if (intention === "pay twice") yield* pay();
  if (intention === "cancel" || intention === "cancel and ask again" || intention === "pay and cancel") {
    yield* insist("ledger", `buyer cancels ${reservationId}`, () => ledger.cancel(reservationId));
  }
}
