import { ask, insist, type Steps } from "./actor.ts";
import type { ProductRow } from "./product-row.ts";
import type { Shop } from "./shop.ts";
import type { Settlement } from "./simulated-changes.ts";

/**
 * Brings the gate to a row of the ledger, which may be an old one. More units: the ledger has them first. Fewer units: the
 * ledger asks, the gate takes them out, and the ledger's total falls after that. True when the gate sells by the row.
 */
export function* amendProduct(shop: Shop, name: string, row: ProductRow): Steps<boolean> {
  const { lowering } = row;
  const outcome = yield* amend(shop, name, row);
  const isCurrent = outcome === "amended" || outcome === "already";
  if (lowering === undefined) return isCurrent;
  if (isCurrent) return yield* settle(shop, name, row, "applied");
  if (outcome === "not_available") return yield* settle(shop, name, row, "refused");
  return outcome === "unknown" && (yield* settle(shop, name, row, "unknown"));
}

function* settle(shop: Shop, name: string, row: ProductRow, outcome: Settlement): Steps<boolean> {
  const { id, epoch, lowering } = row;
  const since = lowering!.since;
  const settled = yield* insist("ledger", `${name} settles the lower total of ${id}: ${outcome}`, () =>
    shop.ledger.changes.settle(id, { epoch, since }, outcome),
  );
  if (settled.receiver !== undefined) yield* amend(shop, name, settled.receiver);
  const again = yield* amend(shop, name, settled.product);
  return again === "amended" || again === "already";
}

function amend(shop: Shop, name: string, row: ProductRow): Steps<ReturnType<Shop["gate"]["amend"]>> {
  return ask("gate", `${name} brings ${row.id} to revision ${row.version}`, () => shop.gate.amend(row));
}
