import { type Actor, insist, OutcomeUnknown, rest, type Steps } from "./actor.ts";
import { amendProduct } from "./amend-product.ts";
import type { Gateway } from "./gateway.ts";
import type { Shop } from "./shop.ts";

/** In each gateway: brings products to the rows that the gateway knows, which may be old ones. */
export function watcher(shop: Shop, name: string, gateway: Gateway): Actor {
  const { gate, ledger, chance } = shop;
  return {
    name,
    canBeKilled: true,
    *start() {
      for (;;) {
        try {
          if (chance.happens(0.4)) yield* readRows();
          yield* look(chance.pick(shop.productIds));
        } catch (error) {
          if (!(error instanceof OutcomeUnknown)) throw error;
        }
        yield* rest();
      }
    },
  };

  function* readRows(): Steps {
    const rows = yield* insist("ledger", `${name} reads what has changed`, () =>
      shop.productIds.map((id) => ({ ...ledger.product(id) })),
    );
    gateway.learnRows(rows);
  }

  function* look(productId: string): Steps {
    const row = gateway.rows.get(productId);
    if (row === undefined) return;
    const status = yield* insist("gate", `${name} reads the gate of ${productId}`, () => gate.status(productId));
    const isSelling = status?.open === true && status.isVerified && status.epoch === row.epoch;
    const isOpen = row.lowering !== undefined && !shop.has("nobody carries on for a merchant who dies");
    const isForgotten = status === undefined && isOpen;
    const isBehind = isSelling && (status.version < row.version || isOpen);
    if (isBehind || isForgotten) yield* amendProduct(shop, name, row);
  }
}
