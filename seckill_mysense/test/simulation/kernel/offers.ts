import { ask, insist, OutcomeUnknown, type Steps } from "./actor.ts";
import type { ProductRow } from "./product-row.ts";
import type { Shop } from "./shop.ts";
import type { WaiterRow } from "./simulated-lists.ts";

type OpenList = ProductRow & { readonly waiting: readonly WaiterRow[] };

/** The open lists, with all who wait. */
export function openLists({ ledger, productIds }: Shop): OpenList[] {
  return productIds
    .map((id) => ({ ...ledger.product(id), waiting: ledger.lists.waiting(id).map((row) => ({ ...row })) }))
    .filter(({ waitingSince }) => waitingSince !== undefined);
}

/** One round of a sweeper: offers free units to those who wait, in the order in which they came. */
export function* offerUnits(shop: Shop, name: string, open: readonly OpenList[]): Steps {
  const { gate, ledger } = shop;
  const { lists } = ledger;
  for (const list of open) {
    const productId = list.id;
    if (list.waiting.length === 0) {
      const closed = yield* insist("ledger", `${name} closes the list of ${productId}`, () => lists.close(productId));
      if (closed !== undefined && !shop.has("nobody tells the gate of a change of its row")) {
        yield* ask("gate", `${name} lets everybody buy ${productId}`, () => gate.amend(closed));
      }
      continue;
    }
    if (shop.has("a list is closed while somebody waits")) {
      const closed = yield* insist("ledger", `${name} closes the list of ${productId}`, () => lists.close(productId));
      if (closed !== undefined) yield* ask("gate", `${name} closes ${productId}`, () => gate.amend(closed));
    }
    const status = yield* insist("gate", `${name} reads the gate of ${productId}`, () => gate.status(productId));
    if (status?.open !== true || !status.isVerified || status.available === 0) continue;
    yield* inOrder(list.waiting, { epoch: list.epoch, sequence: list.mark });
  }

  function* inOrder(waiting: readonly WaiterRow[], known: { epoch: number; sequence: number }): Steps {
    const inAnyOrder = shop.has("offers go out in any order");
    const order = inAnyOrder ? waiting.toSorted(() => shop.chance.next() - 0.5) : waiting;
    // Those who held as many units as they may when it was their turn. They may have given one back since.
    const passedOver = new Set<number>();
    for (const { productId, userId, reservationId, place } of order) {
      const wanted = shop.has("each attempt of an offer has a new reservation") ? shop.newOffer() : reservationId;
      const request = { productId, userId, reservationId: wanted, quantity: 1 };
      try {
        const outcome = yield* ask("gate", `${name} offers a unit to ${userId}`, () => {
          shop.passedOver = passedOver;
          return gate.reserve(request, known);
        });
        if (outcome.kind === "replay" && outcome.reservationId !== wanted) {
          passedOver.add(place);
          yield* insist("ledger", `${name} passes ${userId} over`, () => lists.endOfLimit(productId, userId));
        } else if (outcome.kind !== "accepted" && outcome.kind !== "replay") return;
      } catch (error) {
        if (!(error instanceof OutcomeUnknown)) throw error;
        if (!shop.has("sweeper goes on after an unknown outcome")) return;
      }
    }
  }
}
