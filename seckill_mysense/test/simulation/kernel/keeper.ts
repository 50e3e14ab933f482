import { type Actor, ask, insist, OutcomeUnknown, rest, type Steps } from "./actor.ts";
import { amendProduct } from "./amend-product.ts";
import type { Gateway } from "./gateway.ts";
import { OnTheWay } from "./on-the-way.ts";
import type { ProductRecord } from "./product-row.ts";
import type { Shop } from "./shop.ts";
import { figuresOf, type GateFigures, type Return, type Status } from "./simulated-gate.ts";
import { agreesOnUnits, UnitComparison } from "./unit-comparison.ts";

const fillChunk = 2;

/** Compares each product's gate with the ledger: arms it, accepts it after a restart, or rebuilds it. */
export function keeper(shop: Shop, name: string, gateway: Gateway): Actor {
  const { gate, ledger, chance } = shop;
  const looked = new Set<string>();
  /** By product: what was waited for in one attempt of a repair is not waited for again in the next one. */
  const onTheWay = new Map<string, OnTheWay>();
  let units = new UnitComparison(shop, name);
  /** How often it looks whether everything that is on its way has arrived, before it lets go. */
  const drainRounds = shop.areConsumersSlow ? 20 : chance.pick([1, 5, 20]);
  return {
    name,
    canBeKilled: true,
    *start() {
      looked.clear();
      onTheWay.clear();
      units = new UnitComparison(shop, name);
      for (;;) {
        const productId = chance.pick(shop.productIds);
        if (!shop.has("keeper looks only once") || !looked.has(productId)) {
          looked.add(productId);
          try {
            yield* look(productId);
          } catch (error) {
            if (!(error instanceof OutcomeUnknown)) throw error;
          }
        }
        yield* rest();
      }
    },
  };

  function* look(productId: string): Steps {
    const row = yield* readRow(productId);
    // A gateway may have seen more than what has reached the ledger.
    const mark = Math.max(row.mark, gateway.seenSequence(productId, row.epoch));
    if (row.armedEpoch === 0 || shop.has("a forgotten gate is armed again")) {
      const status = yield* readStatus(productId);
      if (status !== undefined) return;
      const mayArm = yield* ask("ledger", `${name} claims the arming of ${productId}`, () =>
        ledger.claimFirstArming(productId),
      );
      if (mayArm) yield* armFirst(productId);
      return;
    }
    const status = yield* readStatus(productId);
    if (status?.isBeingRepaired === true) return;
    const isWrong =
      status === undefined ||
      !status.open ||
      !status.isVerified ||
      status.epoch < row.epoch ||
      (status.epoch === row.epoch && status.sequence < mark && !shop.has("keeper does not compare the sequence"));
    if (isWrong || (yield* units.areLost(row, status))) yield* repair(productId);
    else {
      onTheWay.delete(productId);
      // A process may have died after it had changed the row, and before the gate knew.
      if (status.version < row.version && !shop.has("nobody tells the gate of a change of its row")) {
        yield* amendProduct(shop, name, row);
      }
    }
  }

  /** The row is read after the arming was noted: a change that was made before that counts on being armed. */
  function* armFirst(productId: string): Steps {
    const row = yield* readRow(productId);
    const figures = figuresOf(row, { sequence: 1 });
    yield* ask("gate", `${name} arms ${productId}`, () => gate.armFirst(productId, figures));
  }

  /**
   * Compares a product with the ledger, and rebuilds it if they differ. It gets a new epoch in any case: the ledger then
   * refuses what a lost state of the gate had promised, and gateways that knew a newer state begin anew. Each step may
   * be repeated, and may meet another keeper.
   */
  function* repair(productId: string): Steps {
    const token = shop.newName("repair");
    // Read before the repair begins: if another keeper repairs the product meanwhile, this one must not raise its epoch.
    const from = (yield* readRow(productId)).epoch;
    const isMine = yield* ask("gate", `${name} begins to repair ${productId}`, () =>
      gate.beginRepair(productId, token),
    );
    if (!isMine || !(yield* drain(productId, token))) return;
    const compared = yield* sequenceAsTheLedgerSays(productId);
    const epoch = yield* ask("ledger", `${name} raises the epoch of ${productId}`, () =>
      ledger.raiseEpoch(productId, from),
    );
    if (epoch === undefined) return;
    const { row, active, released } = yield* insist("ledger", `${name} reads ${productId}`, () => ({
      row: ledger.read(productId),
      active: shop.has("repair leaves the holders out") ? [] : ledger.active(productId),
      released: shop.has("repair leaves the released reservations out") ? [] : ledger.released(productId),
    }));
    // An order may have been recorded since the comparison that the gate does not hold.
    const keepsHolders = compared !== undefined && row.mark <= compared;
    if (!keepsHolders && !(yield* fill(productId, token, active, released))) return;
    const figures = figuresOf(row, { epoch, ...forgotten(row) });
    yield* ask("gate", `${name} opens ${productId} in epoch ${epoch}`, () =>
      gate.finishRepair(productId, token, figures),
    );
  }

  /** What a mistaken repair leaves out of the figures. */
  function forgotten({ version }: ProductRecord): Partial<GateFigures> {
    if (shop.has("repair leaves the waiting list out")) return { waiting: false };
    if (shop.has("a pause does not survive a repair")) return { paused: false };
    if (shop.has("the end of a sale does not survive a repair")) return { endsAtMs: Number.POSITIVE_INFINITY };
    return shop.has("a repair takes a lower total for done") ? { lowered: version } : {};
  }

  /**
   * The gate's sequence, if its data are those that it last had; undefined otherwise. They do not change while it is closed
   * and drained.
   */
  function* sequenceAsTheLedgerSays(productId: string): Steps<number | undefined> {
    const status = yield* readStatus(productId);
    return yield* insist("ledger", `${name} compares ${productId}`, () => {
      if (shop.has("keeper believes a server that restarted")) return status && Infinity;
      const row = ledger.read(productId);
      const sequence = shop.has("keeper does not compare the sequence") ? Infinity : (status?.sequence ?? 0);
      return status?.epoch === row.epoch && sequence >= row.mark && agreesOnUnits(row, status) ? sequence : undefined;
    });
  }

  function* fill(
    productId: string,
    token: string,
    active: readonly Return[],
    released: readonly Return[],
  ): Steps<boolean> {
    let isMine = yield* insist("gate", `${name} clears ${productId}`, () => gate.clear(productId, token));
    for (let at = 0; isMine && at < active.length; at += fillChunk) {
      const chunk = active.slice(at, at + fillChunk);
      isMine = yield* insist("gate", `${name} fills ${productId}`, () => gate.fill(productId, token, chunk, []));
    }
    for (let at = 0; isMine && at < released.length; at += fillChunk) {
      const chunk = released.slice(at, at + fillChunk);
      isMine = yield* insist("gate", `${name} fills ${productId}`, () => gate.fill(productId, token, [], chunk));
    }
    return isMine;
  }

  /** Waits until nothing of the product is on its way to the ledger. The product is closed meanwhile. */
  function* drain(productId: string, token: string): Steps<boolean> {
    if (shop.has("repair does not wait for what is on its way")) return true;
    const waiting = onTheWay.getOrInsertComputed(productId, () => new OnTheWay(shop, name));
    for (let round = 0; round < drainRounds; round++) {
      // Keeps the lease of the repair.
      if (!(yield* insist("gate", `${name} goes on repairing`, () => gate.beginRepair(productId, token)))) return false;
      const { epoch } = yield* readRow(productId);
      const status = yield* readStatus(productId);
      if (yield* waiting.isOver(epoch, status?.outboxLength ?? 0)) {
        waiting.check(productId, epoch);
        return true;
      }
      yield* rest();
    }
    // An operator may decide not to wait any longer. What arrives later is refused, because its epoch is over.
    const isForced = !shop.isHealed && !shop.areConsumersSlow && chance.happens(0.8);
    if (isForced) shop.mayLoseReservations = true;
    return isForced;
  }

  function readRow(productId: string): Steps<ProductRecord> {
    return insist("ledger", `${name} reads the row of ${productId}`, () => ledger.read(productId));
  }

  function readStatus(productId: string): Steps<Status | undefined> {
    return insist("gate", `${name} reads the gate of ${productId}`, () => gate.status(productId));
  }
}
