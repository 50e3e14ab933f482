import { type Actor, ask, insist, OutcomeUnknown, rest, type Steps } from "./actor.ts";
import type { Shop } from "./shop.ts";
import type { GateFigures, Return, Status } from "./simulated-gate.ts";
import type { ProductRow } from "./product-row.ts";

const fillChunk = 2;

/** Compares each product's gate with the ledger: arms it, accepts it after a restart, or rebuilds it. */
export function keeper(shop: Shop, name: string): Actor {
  const { gate, ledger, queue, chance } = shop;
  const looked = new Set<string>();
  /** How often it looks whether everything that is on its way has arrived, before it lets go. */
  const drainRounds = chance.pick([1, 5, 20]);
  return {
    name,
    canBeKilled: true,
    *start() {
      looked.clear();
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
    if (row.armedEpoch === 0 || shop.has("a forgotten gate is armed again")) {
      const status = yield* readStatus(productId);
      if (status !== undefined) return;
      const mayArm = yield* ask("ledger", `${name} claims the arming of ${productId}`, () =>
        ledger.claimFirstArming(productId),
      );
      if (mayArm) yield* armFirst(productId, row);
      return;
    }
    const status = yield* readStatus(productId);
    if (status?.isBeingRepaired === true) return;
    const isWrong =
      status === undefined ||
      !status.open ||
      !status.isVerified ||
      status.epoch < row.epoch ||
      (status.epoch === row.epoch && status.sequence < row.mark && !shop.has("keeper does not compare the sequence"));
    if (isWrong) yield* repair(productId);
    // A process may have died after it had opened or closed a list, and before the gate knew.
    else if (status.version < row.version && !shop.has("nobody tells the gate that a list is closed")) {
      yield* ask("gate", `${name} brings ${productId} to revision ${row.version}`, () => gate.amend(productId, row));
    }
  }

  function* armFirst(productId: string, { total, limitPerUser, version }: ProductRow): Steps {
    const terms = { version, waiting: false };
    const figures: GateFigures = { ...terms, epoch: 1, available: total, total, limitPerUser, sequence: 1 };
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
    const keepsHolders = yield* isAsTheLedgerSays(productId);
    const epoch = yield* ask("ledger", `${name} raises the epoch of ${productId}`, () =>
      ledger.raiseEpoch(productId, from),
    );
    if (epoch === undefined) return;
    const { row, available, active, released } = yield* insist("ledger", `${name} reads ${productId}`, () => ({
      row: { ...ledger.product(productId) },
      available: ledger.available(productId),
      active: shop.has("repair leaves the holders out") ? [] : ledger.active(productId),
      released: shop.has("repair leaves the released reservations out") ? [] : ledger.released(productId),
    }));
    if (!keepsHolders && !(yield* fill(productId, token, active, released))) return;
    const { total, limitPerUser, mark, version } = row;
    const waiting = row.waitingSince !== undefined && !shop.has("repair leaves the waiting list out");
    const figures: GateFigures = { version, waiting, epoch, available, total, limitPerUser, sequence: mark };
    yield* ask("gate", `${name} opens ${productId} in epoch ${epoch}`, () =>
      gate.finishRepair(productId, token, figures),
    );
  }

  /** Whether the gate's data are those that it last had. They do not change while it is closed and drained. */
  function* isAsTheLedgerSays(productId: string): Steps<boolean> {
    const status = yield* readStatus(productId);
    return yield* insist("ledger", `${name} compares ${productId}`, () => {
      if (shop.has("keeper believes a server that restarted")) return status !== undefined;
      const { epoch, mark } = ledger.product(productId);
      const isNewEnough = shop.has("keeper does not compare the sequence") || (status?.sequence ?? 0) >= mark;
      return status?.epoch === epoch && isNewEnough && status.available === ledger.available(productId);
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
  function* drain(productId: string, token?: string): Steps<boolean> {
    if (shop.has("repair does not wait for what is on its way")) return true;
    for (let round = 0; round < drainRounds; round++) {
      if (token !== undefined) {
        // Keeps the lease of the repair.
        if (!(yield* insist("gate", `${name} goes on repairing`, () => gate.beginRepair(productId, token))))
          return false;
      }
      const status = yield* readStatus(productId);
      if (status === undefined || status.outboxLength === 0) {
        const waiting = yield* insist("queue", `${name} looks at the queue`, () => {
          const inHands = shop.has("repair does not look into the consumers' hands") ? 0 : queue.unacknowledged;
          return queue.ready.length + inHands;
        });
        if (waiting === 0) return true;
      }
      yield* rest();
    }
    // An operator may decide not to wait any longer. What arrives later is refused, because its epoch is over.
    const isForced = token !== undefined && !shop.isHealed && chance.happens(0.8);
    if (isForced) shop.mayLoseReservations = true;
    return isForced;
  }

  function readRow(productId: string): Steps<ProductRow> {
    return insist("ledger", `${name} reads the row of ${productId}`, () => ({ ...ledger.product(productId) }));
  }

  function readStatus(productId: string): Steps<Status | undefined> {
    return insist("gate", `${name} reads the gate of ${productId}`, () => gate.status(productId));
  }
}
