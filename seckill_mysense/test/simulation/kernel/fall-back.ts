import type { Shop } from "./shop.ts";
import type { ProductState } from "./simulated-gate.ts";

/**
 * Puts an older state of a product in place, in the same run of the gate's server, of which only gateways can know: what it
 * forgets has not left the gate: no relay has the entry, and no sweeper the answer to a return. The ledger's mark and the
 * run of the server do not show it. Gives the product, if there is such a state.
 */
export function fallBackUnseen(shop: Shop, snapshots: Map<string, ProductState>[]): string | undefined {
  const { gate, ledger, queue, chance, productIds } = shop;
  const productId = chance.pick(productIds);
  const state = gate.products.get(productId);
  if (state === undefined || queue.ready.length + queue.unacknowledged > 0) return undefined;
  if (state.outbox.some(({ taken }) => taken) || shop.outboxesLost.has(productId)) return undefined;
  const { mark } = ledger.product(productId);
  const isUnseen = (older: ProductState): boolean =>
    older.open &&
    older.sequence >= mark &&
    older.sequence < state.sequence &&
    older.returned.size === state.returned.size &&
    isSameTerm(older, state);
  const index = snapshots.findIndex((snapshot) => snapshot.has(productId) && isUnseen(snapshot.get(productId)!));
  if (index === -1) return undefined;
  gate.products.set(productId, structuredClone(snapshots[index]!.get(productId)!));
  // What was forgotten does not come back.
  snapshots.length = index + 1;
  return productId;
}

function isSameTerm(older: ProductState, state: ProductState): boolean {
  return older.epoch === state.epoch && older.server === state.server && older.version === state.version;
}
