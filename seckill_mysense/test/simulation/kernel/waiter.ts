import { ask, insist, OutcomeUnknown, rest, type Steps } from "./actor.ts";
import type { Shop } from "./shop.ts";
import type { WaiterRow } from "./simulated-lists.ts";

interface WaiterOptions {
  readonly shop: Shop;
  readonly userId: string;
  readonly productId: string;
}

/** Somebody who was told "sold out" joins the list, as a gateway does it. Undefined when that was not possible. */
export function* join({ shop, userId, productId }: WaiterOptions): Steps<WaiterRow | undefined> {
  const { gate, ledger } = shop;
  const { lists } = ledger;
  for (;;) {
    try {
      const status = yield* ask("gate", `${userId} looks at ${productId}`, () => gate.status(productId));
      const isSelling = status?.open === true && status.isVerified;
      if (isSelling && !status.waiting && status.available > 0) return undefined;
      const isEarly = shop.has("somebody joins before the gate knows the list");
      if (isEarly) yield* insist("ledger", `${userId} opens the list of ${productId}`, () => lists.open(productId));
      if (isEarly || (isSelling && status.waiting)) {
        const version = isEarly ? Number.MAX_SAFE_INTEGER : status!.version;
        const row = yield* insist("ledger", `${userId} joins the list of ${productId}`, () =>
          lists.join(productId, userId, version),
        );
        if (row === "limit_reached") return undefined;
        if (row !== "not_open") return row;
      }
      if (isSelling) {
        const product = yield* insist("ledger", `${userId} opens the list of ${productId}`, () =>
          lists.open(productId),
        );
        yield* ask("gate", `${userId} tells the gate of ${productId}`, () => gate.amend(product));
      }
    } catch (error) {
      if (!(error instanceof OutcomeUnknown)) throw error;
    }
    yield* rest();
  }
}

/**
 * Waits until a unit is offered; gives up, now and then. Returns the reservation of the offer, which is an order by
 * then.
 */
export function* wait({ shop, userId, productId }: WaiterOptions, { place }: WaiterRow): Steps<string | undefined> {
  const { lists } = shop.ledger;
  const isImpatient = shop.chance.happens(0.4);
  for (;;) {
    const row = yield* insist("ledger", `${userId} asks for the place`, () => {
      const found = lists.waiters.find((waiter) => waiter.place === place);
      return found && { ...found };
    });
    if (row === undefined) {
      shop.fail(`I11: ${userId} has lost place ${place} of ${productId}`);
      return undefined;
    }
    if (row.state === "offered") return row.reservationId;
    if (row.state !== "waiting") return undefined;
    if (isImpatient && shop.chance.happens(0.2)) {
      // The answer may be lost: the waiter then reads that the place is gone.
      yield* insist("ledger", `${userId} leaves the list of ${productId}`, () => {
        const left = lists.leave(productId, userId);
        if (left !== undefined) shop.leftPlaces.add(left);
      });
    }
    yield* rest();
  }
}
