import { type Actor, insist, OutcomeUnknown, rest, type Steps } from "./actor.ts";
import { amendProduct } from "./amend-product.ts";
import type { ProductRow } from "./product-row.ts";
import type { Shop } from "./shop.ts";
import type { Change } from "./simulated-changes.ts";

/** How often a merchant tries to bring a change to the gate. */
const tries = 4;
/** So that buyers are left for all of them. */
const mostUnits = 6;

const kinds = ["restock", "lower", "lower", "pause", "resume", "end", "extend", "raise the limit"] as const;

/** Changes the sale while it runs: units, pause, end and limit. In the end everything is on sale again. */
export function merchant(shop: Shop, name: string): Actor {
  const { ledger, chance } = shop;
  return {
    name,
    canBeKilled: true,
    *start() {
      for (;;) {
        const productId = chance.pick(shop.productIds);
        const change = shop.isHealed ? reopening(productId) : anyChange(productId);
        try {
          if (change !== undefined) yield* carryOut(productId, change);
        } catch (error) {
          if (!(error instanceof OutcomeUnknown)) throw error;
        }
        yield* rest();
      }
    },
  };

  function anyChange(productId: string): Change | undefined {
    if (chance.happens(0.6)) return undefined;
    const kind = chance.pick(kinds);
    if (kind === "restock" && ledger.product(productId).total > mostUnits) return undefined;
    return kind === "restock" || kind === "lower" ? { kind, units: chance.between(1, 3) } : { kind };
  }

  function reopening(productId: string): Change | undefined {
    const { paused, endsAtMs } = ledger.product(productId);
    if (paused) return { kind: "resume" };
    return endsAtMs === Number.POSITIVE_INFINITY ? undefined : { kind: "extend" };
  }

  function* carryOut(productId: string, change: Change): Steps {
    const changeId = shop.newName("change");
    const what = "units" in change ? `${change.kind} ${change.units}` : change.kind;
    if (change.kind === "resume") shop.paused.delete(productId);
    if (change.kind === "extend") shop.ended.delete(productId);
    const row = yield* insist("ledger", `${name} changes ${productId}: ${what}`, () =>
      ledger.changes.change(changeId, productId, change),
    );
    if (row === undefined || !(yield* bringToGate(row))) return;
    if (change.kind === "pause") shop.paused.add(productId);
    if (change.kind === "end") shop.ended.add(productId);
  }

  function* bringToGate(row: ProductRow): Steps<boolean> {
    let now = row;
    for (let attempt = 0; attempt < tries; attempt++) {
      if (yield* amendProduct(shop, name, now)) return true;
      yield* rest();
      now = yield* insist("ledger", `${name} reads ${row.id} again`, () => ({ ...ledger.product(row.id) }));
    }
    return false;
  }
}
