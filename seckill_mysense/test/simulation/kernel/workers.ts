import { type Actor, ask, insist, OutcomeUnknown, rest, type Steps } from "./actor.ts";
import { offerUnits, openLists } from "./offers.ts";
import type { Shop } from "./shop.ts";
import type { OutboxEntry } from "./simulated-gate.ts";

/** Carries the outboxes to the queue. */
export function relay(shop: Shop, name: string): Actor {
  const { gate, queue, chance } = shop;
  return {
    name,
    canBeKilled: true,
    *start() {
      for (;;) {
        const productId = chance.pick(shop.productIds);
        const claims = chance.happens(0.3) && !shop.has("relay never claims what a dead relay left");
        const read = (): OutboxEntry[] => (claims ? gate.claimOutbox(productId, 3) : gate.readOutbox(productId, 3));
        const entries = yield* insist("gate", `${name} reads the outbox of ${productId}`, read);
        if (entries.length > 0) yield* deliver(productId, entries);
        else yield* rest();
      }
    },
  };

  function* deliver(productId: string, entries: readonly OutboxEntry[]): Steps {
    const numbers = entries.map(({ number }) => number);
    const acknowledge = (): Steps =>
      insist("gate", `${name} acknowledges`, () => gate.acknowledgeOutbox(productId, numbers));
    const isEarly = shop.has("relay acknowledges before it publishes");
    if (isEarly) yield* acknowledge();
    try {
      yield* ask("queue", `${name} publishes`, () => {
        const isLate = (number: number): boolean => !isEarly && !gate.hasEntry(productId, number);
        queue.publish(entries.map(({ message, number }) => ({ message, isLate: isLate(number) })));
      });
    } catch (error) {
      if (!(error instanceof OutcomeUnknown)) throw error;
      // Without a confirm the entries stay, and are claimed later.
      if (!shop.has("relay acknowledges after a failed publish")) return;
    }
    if (!isEarly) yield* acknowledge();
  }
}

/** Expires unpaid orders, brings released units back to the gate, and offers them to those who wait. */
export function sweeper(shop: Shop, name: string): Actor {
  const { ledger, gate } = shop;
  return {
    name,
    canBeKilled: true,
    *start() {
      for (;;) {
        yield* expire();
        yield* endBundles();
        const lists = yield* bringBack();
        yield* offerUnits(shop, name, lists);
        yield* rest();
      }
    },
  };

  function* expire(): Steps {
    const due = yield* insist("ledger", `${name} reads unpaid orders`, () => ledger.unpaid());
    for (const { reservationId } of due) {
      if (!shop.has("expiry and its return are two transactions")) {
        yield* insist("ledger", `${name} expires ${reservationId}`, () => ledger.cancel(reservationId, "expired"));
        continue;
      }
      const isMine = yield* ask("ledger", `${name} expires ${reservationId}`, () =>
        ledger.leaveReserved(reservationId, "expired"),
      );
      if (isMine) yield* ask("ledger", `${name} returns ${reservationId}`, () => ledger.writeReturn(reservationId));
    }
  }

  function* endBundles(): Steps {
    yield* insist("ledger", `${name} breaks overdue bundles`, () => ledger.bundles.breakOverdue());
    const held = yield* insist("ledger", `${name} reads broken bundles`, () => ledger.bundles.held());
    for (const row of held) {
      yield* insist("ledger", `${name} releases ${row.bundleId}`, () => ledger.releaseBroken(row));
    }
  }

  /** The open lists, as they were before: a round may always meet newer ones. */
  function* bringBack(): Steps<ReturnType<typeof openLists>> {
    const { pending, lists } = yield* insist("ledger", `${name} reads returns and lists`, () => ({
      pending: [...ledger.pendingReturns()],
      lists: openLists(shop),
    }));
    for (const row of pending) {
      const answer = yield* insist("gate", `${name} returns ${row.reservationId}`, () => ({
        outcome: gate.giveBack(row),
        state: gate.status(row.productId) ?? { epoch: 0, sequence: 0 },
      }));
      if (answer.outcome === "not_yet") continue;
      yield* insist("ledger", `${name} marks ${row.reservationId}`, () => ledger.markReturned(row, answer.state));
    }
    return lists;
  }
}

/** Delivers what the provider reports, late, twice and in any order, and sends refunds. */
export function payments(shop: Shop, name: string): Actor {
  const { ledger, provider, chance } = shop;
  return {
    name,
    canBeKilled: true,
    *start() {
      for (;;) {
        yield* hearReport();
        yield* sendRefunds();
        yield* rest();
      }
    },
  };

  function* hearReport(): Steps {
    if (provider.reports.length === 0) return;
    const report = chance.pick(provider.reports);
    const { paymentId, reservationId } = report;
    yield* ask("ledger", `${name} hears of ${paymentId}`, () => ledger.paymentArrived(paymentId, reservationId));
    // A provider repeats a report that was not answered, and sometimes one that was.
    if (!chance.happens(0.3)) provider.reports = provider.reports.filter((other) => other !== report);
  }

  function* sendRefunds(): Steps {
    const due = yield* insist("ledger", `${name} reads refunds`, () => ledger.refundsToSend());
    for (const { paymentId } of due) {
      const key = shop.has("each refund attempt has a new key") ? shop.newName("key") : paymentId;
      yield* ask("provider", `${name} refunds ${paymentId}`, () => provider.refund(key, paymentId));
      yield* ask("ledger", `${name} marks the refund of ${paymentId}`, () => ledger.markRefunded(paymentId));
    }
  }
}
